package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"text/tabwriter"
	"time"

	"partyline/cmd/partyline/carrier"
	"partyline/sms/smstest"
)

type phonesCmd struct {
	Listen     string    `help:"UDP address for SIP." default:"127.0.0.1:5070"`
	HTTP       string    `help:"Address of a page with what each phone did and heard (GET /calls), where phones can be made to call (POST /dial), and of a stand-in for Twilio's API where the phones read their texts. Off when empty." default:"" placeholder:"ADDR"`
	Continuous float64   `help:"A tone in Hz that should never stop once heard; breaks are counted." default:"0"`
	Tones      []float64 `help:"Tones in Hz whose level each phone measures."`
}

func (c phonesCmd) Run(ctx context.Context, io streams) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	texts := smstest.New(smstest.Config{})
	defer texts.Close()
	network, err := carrier.Listen(carrier.Options{
		Listen: c.Listen, Continuous: c.Continuous, Frequencies: c.Tones, Texts: inbox{texts},
	})
	if err != nil {
		return err
	}
	defer network.Close()
	fmt.Fprintf(io.out, "Simulated carrier on udp:%s; as a trunk: sip:%s\n", network.Addr(), network.Addr())
	if c.HTTP != "" {
		l, err := net.Listen("tcp", c.HTTP)
		if err != nil {
			return err
		}
		mux := http.NewServeMux()
		mux.Handle("/2010-04-01/", texts)
		mux.Handle("/", network.Handler())
		srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
		ended := make(chan struct{})
		go func() { defer close(ended); _ = srv.Serve(l) }()
		defer func() { _ = srv.Close(); <-ended }()
		fmt.Fprintf(io.out, "Records at http://%s/calls\nTo call in: POST http://%s/dial {\"to\", \"from\", \"peer\": \"HOST:PORT\", \"keys\": [{\"after_ms\", \"keys\"}]}\nTexts: sms.provider twilio with base_url http://%s, account_sid %s, auth_token %s, from %s\n",
			l.Addr(), l.Addr(), l.Addr(), smstest.AccountSID, smstest.AuthToken, smstest.From)
	}
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NUMBER\tTHE PHONE")
	fmt.Fprintln(w, "+1202555 0100–0199\tanswers after a second and speaks a tone: 400 + 10·n Hz")
	for _, s := range carrier.Scripts() {
		fmt.Fprintf(w, "+1202555 %s\t%s\n", s.Last4, s.Name)
	}
	_ = w.Flush()
	<-ctx.Done()
	return nil
}

// inbox lets the phones read what the stand-in for Twilio was asked to send.
type inbox struct{ *smstest.Server }

func (i inbox) TextsTo(number string) []string {
	var bodies []string
	for _, t := range i.Texts(number) {
		bodies = append(bodies, t.Body)
	}
	return bodies
}
