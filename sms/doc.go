// Package sms brings PINs to phones as text messages.
//
// The bridge writes a state.Message (queued) in the transaction that makes its
// participant and calls Outbox.Wake. From then on the message belongs to the
// Outbox: it claims the message (queued → sending, durable), hands it to a
// Provider and records what came of it (sent, queued again, or failed). Reports
// of the provider about the phone (delivered, undelivered) come in through
// Outbox.StatusCallback.
//
// # How often a text goes out
//
// A message is claimed on disk before the provider hears of it, so a message
// found as "sending" after a crash, or after a request whose answer was lost,
// may have gone out. The outbox then asks Provider.Find before anything is sent
// again: with Twilio, which lists what it took, a person gets one text. Where a
// provider cannot tell (ErrCannotTell; the log provider), the text goes out
// again: the same PIN twice is a nuisance, no PIN is a locked door.
//
// # When it gives up
//
// After OutboxConfig.MaxTries tries, or OutboxConfig.TryWindow after the first
// one, or when the message expires. While the provider cannot be reached at
// all, nothing counts as a try: the queue waits, one probe at a time goes out,
// and only expiry fails a message.
//
// # Secrets
//
// The body holds a PIN. It is in memory while it is being sent and on disk
// until the provider has it or the message has failed; it reaches no log, no
// error and no statistic, and neither do full numbers or the account's token.
package sms
