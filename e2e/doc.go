// Package e2e tries the whole program from outside: the daemon is a process of
// its own, reached by HTTP, and the phones are other people's programs (SIPp,
// baresip) or the simulated carrier in a process of its own.
package e2e
