//go:build !race

package srtp_test

const racing = false
