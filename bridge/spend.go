package bridge

import (
	"maps"
	"time"
)

// spentToday is what this conference used up today.
func (o *owner) spentToday() *spent {
	day := today(time.Now())
	s := o.conf.Spent[day]
	if s == nil {
		s = &spent{}
		yesterday := today(time.Now().Add(-24 * time.Hour))
		maps.DeleteFunc(o.conf.Spent, func(d string, _ *spent) bool { return d < yesterday })
		if o.conf.Spent == nil {
			o.conf.Spent = map[string]*spent{}
		}
		o.conf.Spent[day] = s
	}
	return s
}

// spend counts calls and connected time against the day.
func (o *owner) spend(attempts int, ms int64) {
	s := o.spentToday()
	s.Attempts += attempts
	s.MS += ms
	o.tenant.spend(time.Now(), attempts, ms)
	o.batch.conf = true
}
