// Package api is partyline's HTTP face: it decides who asks, whether the
// question is well formed, and puts the bridge's answers into words. It keeps
// no state of its own but API keys and the replies kept for Idempotency-Keys.
//
// A request passes, in this order: its id, the log, cross-origin rules, the
// key, the request limit, its body (read whole, at most 64 KB), the
// Idempotency-Key, and then one handler that decodes, asks the bridge once and
// writes one reply. An uploaded sound has a gate of its own (upload.go), as has
// audio on its way out (download.go): both are large, take as long as the line
// needs, and are held to a pace instead of a deadline. Refusals are RFC 9457 problem details with a stable code;
// codes.go lists them all, openapi.yaml documents every route, and the tests
// hold each reply against that document.
package api
