package udp

import "errors"

var (
	errNoAddress     = errors.New("udp: connect to no address")
	errTooManyEvents = errors.New("udp: more telephone-event payload types than a filter takes")
)
