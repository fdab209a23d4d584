package smstest

import (
	"context"
	"slices"
)

// Texts are the messages a number has received, oldest first.
func (s *Server) Texts(number string) []Text {
	s.mu.Lock()
	defer s.mu.Unlock()
	var got []Text
	for _, t := range s.texts {
		if t.To == number {
			got = append(got, t)
		}
	}
	return got
}

// Wait returns a number's n-th text (from 1) once it has arrived. That is how
// a simulated phone learns its PIN.
func (s *Server) Wait(ctx context.Context, number string, n int) (Text, error) {
	for {
		s.mu.Lock()
		arrived := s.arrived
		s.mu.Unlock()
		if got := s.Texts(number); len(got) >= n {
			return got[n-1], nil
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return Text{}, ctx.Err()
		}
	}
}

// All are the messages of every number, in order of arrival.
func (s *Server) All() []Text {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.texts)
}

// Posts counts the requests to send, refused and lost ones included.
func (s *Server) Posts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.posts
}

// Lists counts the requests to list texts.
func (s *Server) Lists() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lists
}
