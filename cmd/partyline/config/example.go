package config

import _ "embed"

// Example is a commented configuration that validates.
//
//go:embed example.yaml
var Example []byte
