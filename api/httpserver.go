package api

import (
	"crypto/tls"
	"log/slog"
	"net/http"
	"time"
)

// NewHTTPServer puts the face behind an http.Server that slow and endless
// clients cannot hold (measured: a plain one still had all of 500 slow
// connections open at the end of slowhttptest). Shutdown ends event streams
// first, then waits for the other requests; Close the Server after it.
func NewHTTPServer(s *Server, addr string) *http.Server {
	srv := &http.Server{
		Addr:              addr,
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      actTime + 10*time.Second, // event streams set their own, frame by frame
		IdleTimeout:       60 * time.Second,
		MaxHeaderBytes:    16 << 10,
		TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS12},
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // TLS handshakes of scanners and the like
	}
	srv.RegisterOnShutdown(s.EndStreams)
	return srv
}
