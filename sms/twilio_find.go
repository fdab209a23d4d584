package sms

import (
	"context"
	"slices"
	"strings"
	"time"

	api "github.com/twilio/twilio-go/rest/api/v2010"
)

const (
	// listSize is how many texts to one number Find looks at, newest first;
	// Twilio's limit for a page is 1000.
	listSize = 200
	// clockSlack is how far Twilio's clock may be off ours.
	clockSlack = 2 * time.Minute
)

// Find looks for the text among those Twilio lists for the number. It does not
// filter by DateSent, which is null until Twilio has passed a text on.
func (t *Twilio) Find(ctx context.Context, text Text, since time.Time) (Receipt, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.Timeout)
	defer cancel()
	size := listSize
	x, service := t.exchange(ctx)
	page, err := service.PageMessage(&api.ListMessageParams{To: &text.To, PageSize: &size}, "", "")
	if err != nil {
		return Receipt{}, false, x.classify(err)
	}
	since = since.Add(-clockSlack)
	older := false // the page reaches back beyond since
	for i := range page.Messages {
		m := &page.Messages[i]
		created, err := time.Parse(time.RFC1123Z, deref(m.DateCreated))
		if err == nil && created.Before(since) {
			older = true
			continue
		}
		if err != nil || !sameText(m, text) {
			continue
		}
		r, err := receipt(m)
		return r, err == nil, err
	}
	if len(page.Messages) >= size && !older {
		return Receipt{}, false, ErrCannotTell
	}
	return Receipt{}, false, nil
}

// sameText reports whether m is this text. A trial account puts a sentence of
// its own before every body.
func sameText(m *api.ApiV2010Message, text Text) bool {
	if deref(m.To) != text.To || !strings.HasSuffix(deref(m.Body), text.Body) {
		return false
	}
	if strings.HasPrefix(deref(m.Direction), "inbound") {
		return false
	}
	return !slices.Contains(text.Known, deref(m.Sid))
}
