// Package smstest is a Twilio for tests, for the demonstration and for the
// simulated carrier: it takes texts as Twilio's Messages API documents it
// (https://www.twilio.com/docs/messaging/api/message-resource), keeps them for
// whoever holds the phone, reports delivery with valid signatures, and fails
// on request the way the real service does.
//
// It shares no code with package sms, so that a mistake there is not repeated
// here.
package smstest
