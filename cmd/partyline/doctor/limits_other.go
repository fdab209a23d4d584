//go:build !unix

package doctor

func fileLimit() (uint64, bool) { return 0, false }

func freeBytes(string) (uint64, bool) { return 0, false }
