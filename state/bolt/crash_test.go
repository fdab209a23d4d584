package bolt_test

func applyUntilKilled() bool { return false }
