// Package bridgetest stands in for the world around a bridge: phones that do
// as they are told, a mixer that remembers who hears whom, a store in memory
// that can be made to fail, and a texter that counts. All of it runs on the
// standard clock, so testing/synctest can drive it, and it makes no sound and
// no traffic.
package bridgetest
