package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"time"
)

type healthCmd struct {
	withConfig
	URL string `help:"Address to ask; taken from the configuration when left out." placeholder:"URL"`
}

// Run asks /healthz once; 3 s is what a container engine waits by default.
func (c healthCmd) Run(ctx context.Context, io streams) error {
	transport := &http.Transport{DisableKeepAlives: true}
	if c.URL == "" {
		cfg, err := c.load(io, nil)
		if err != nil {
			return err
		}
		host, port, err := net.SplitHostPort(cfg.HTTP.Listen)
		if err != nil {
			return err
		}
		if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
			host = "127.0.0.1"
		}
		scheme := "http"
		if cfg.HTTP.TLSCert != "" {
			scheme = "https"
			// The certificate is for the public name, not for this machine's own
			// address, and nothing secret is said here.
			transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
		}
		c.URL = scheme + "://" + net.JoinHostPort(host, port) + "/healthz"
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return err
	}
	client := http.Client{Transport: transport}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s says %s", c.URL, res.Status)
	}
	fmt.Fprintln(io.out, "alive")
	return nil
}
