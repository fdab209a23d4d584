//go:build race

package srtp_test

// The race detector makes every sync.Pool forget a part of what it is given,
// also that of pion's AES-CM.
const racing = true
