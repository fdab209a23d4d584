package edge

// counter numbers what a Gate counts.
type counter int

const (
	passed counter = iota
	refused
	flooded
	malformed
	answered
	panics
	countersLen
)

// Stats of a Gate since its start, in messages.
type Stats struct {
	Passed    uint64 // on to the call layer
	Refused   uint64 // from addresses that are not listened to
	Flooded   uint64 // above a source's rate: dropped or answered 503
	Malformed uint64 // dropped or answered 400
	Answered  uint64 // refused with an answer, whatever the code
	Panics    uint64 // faults of a parser that cost one message
}

// Stats reads the counters.
func (g *Gate) Stats() Stats {
	return Stats{
		Passed: g.stats[passed].Load(), Refused: g.stats[refused].Load(), Flooded: g.stats[flooded].Load(),
		Malformed: g.stats[malformed].Load(), Answered: g.stats[answered].Load(), Panics: g.stats[panics].Load(),
	}
}

func (g *Gate) count(c counter) { g.stats[c].Add(1) }
