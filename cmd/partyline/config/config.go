// Package config reads how a partyline is to be run: built-in defaults, then a
// YAML file, then PARTYLINE_* variables, then flags, each over the one before.
// Unknown keys are refused, and every complaint names file and line.
package config

import (
	"path/filepath"
	"time"
)

// Config is the whole configuration; the names are the YAML keys.
type Config struct {
	HTTP      HTTP      `yaml:"http"`
	SIP       SIP       `yaml:"sip"`
	Media     Media     `yaml:"media"`
	Trunks    []Trunk   `yaml:"trunks"`
	Dial      Dial      `yaml:"dial"`
	SMS       SMS       `yaml:"sms"`
	State     State     `yaml:"state"`
	Auth      Auth      `yaml:"auth"`
	Recording Recording `yaml:"recording"`
	Sounds    Sounds    `yaml:"sounds"`
	Webhooks  Webhooks  `yaml:"webhooks"`
	Limits    Limits    `yaml:"limits"`
	Log       Log       `yaml:"log"`
	Shutdown  Shutdown  `yaml:"shutdown"`
	Cluster   Cluster   `yaml:"cluster"`
}

type HTTP struct {
	Listen         string   `yaml:"listen"`
	TLSCert        string   `yaml:"tls_cert"`
	TLSKey         string   `yaml:"tls_key"`
	AllowedOrigins []string `yaml:"allowed_origins"`
}

type SIP struct {
	Listen    []string `yaml:"listen"`    // udp:, tcp: or tls: and an address
	Advertise string   `yaml:"advertise"` // host or host:port in Via and Contact
	Allow     []string `yaml:"allow"`     // CIDRs, or "trunk" for the trunks' own addresses
	TLSCert   string   `yaml:"tls_cert"`
	TLSKey    string   `yaml:"tls_key"`
	TLSRoots  string   `yaml:"tls_roots"` // PEM file trusted for outgoing TLS; empty: the system's
}

type Media struct {
	Address   string        `yaml:"address"`
	Advertise string        `yaml:"advertise"`
	Ports     string        `yaml:"ports"` // "20000-29999"
	Workers   int           `yaml:"workers"`
	Codecs    []string      `yaml:"codecs"`
	Timeout   time.Duration `yaml:"timeout"`
}

type Trunk struct {
	Name      string   `yaml:"name"`
	URI       string   `yaml:"uri"`
	Username  string   `yaml:"username"`
	Password  Secret   `yaml:"password"`
	Realm     string   `yaml:"realm"`
	CallerIDs []string `yaml:"caller_ids"`
	CPS       float64  `yaml:"cps"`
	Channels  int      `yaml:"channels"`
	SRTP      string   `yaml:"srtp"` // off, optional or required
	Priority  int      `yaml:"priority"`
	Weight    int      `yaml:"weight"`
	AllowFrom []string `yaml:"allow_from"` // further CIDRs its requests come from
	Hold      string   `yaml:"hold"`       // music (default): our hold stays in the mixer; reinvite: the carrier is told
}

type Dial struct {
	RingTimeout    time.Duration `yaml:"ring_timeout"`
	AllowCountries []string      `yaml:"allow_countries"`
	DenyPrefixes   []string      `yaml:"deny_prefixes"`
	Spend          Spend         `yaml:"spend"`
}

type Spend struct {
	AttemptsPerDay int `yaml:"attempts_per_day"`
	MinutesPerDay  int `yaml:"minutes_per_day"`
}

type SMS struct {
	Provider          string `yaml:"provider"` // log, twilio
	Twilio            Twilio `yaml:"twilio"`
	StatusCallbackURL string `yaml:"status_callback_url"`
}

type Twilio struct {
	AccountSID          string `yaml:"account_sid"`
	AuthToken           Secret `yaml:"auth_token"`
	From                string `yaml:"from"`
	MessagingServiceSID string `yaml:"messaging_service_sid"`
	BaseURL             string `yaml:"base_url"`
}

type State struct {
	Path    string `yaml:"path"`
	KeyFile string `yaml:"key_file"` // empty: path + ".key"
}

type Auth struct {
	AdminKey   Secret `yaml:"admin_key"`
	JWTKeyFile string `yaml:"jwt_key_file"`
}

type Recording struct {
	Dir        string        `yaml:"dir"` // relative ones are beside the store
	Retention  time.Duration `yaml:"retention"`
	MP3Encoder string        `yaml:"mp3_encoder"` // a WebAssembly module; empty: no MP3
}

type Sounds struct {
	Dir      string `yaml:"dir"`      // of uploads; relative ones are beside the store
	Prompts  string `yaml:"prompts"`  // LANGUAGE/NAME.wav in place of the built-in prompts; empty: none
	Language string `yaml:"language"` // of prompts where nobody says otherwise
}

type Webhooks struct {
	AllowPrivate bool `yaml:"allow_private"`
}

type Limits struct {
	ParticipantsPerConference int `yaml:"participants_per_conference"`
	AddsPerSecond             int `yaml:"adds_per_second"`
	RequestsPerSecond         int `yaml:"requests_per_second"`
}

type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn, error
	Format string `yaml:"format"` // text, json
}

type Shutdown struct {
	Drain time.Duration `yaml:"drain"` // how long SIGTERM waits for calls to end by themselves
}

type Cluster struct {
	Enabled  bool     `yaml:"enabled"`
	Node     string   `yaml:"node"`
	Routes   []string `yaml:"routes"`
	Replicas int      `yaml:"replicas"`
}

// Default is what an empty configuration means: loopback, texts to the
// terminal, no trunk.
func Default() Config {
	return Config{
		HTTP:      HTTP{Listen: "127.0.0.1:8080"},
		SIP:       SIP{Listen: []string{"udp:0.0.0.0:5060"}, Allow: []string{"trunk"}},
		Media:     Media{Ports: "20000-29999", Codecs: []string{"PCMU", "PCMA", "G722", "opus"}, Timeout: 15 * time.Second},
		Dial:      Dial{RingTimeout: time.Minute, AllowCountries: []string{"US"}, Spend: Spend{AttemptsPerDay: 10000, MinutesPerDay: 100000}},
		SMS:       SMS{Provider: "log"},
		State:     State{Path: "partyline.db"},
		Recording: Recording{Dir: "recordings", Retention: 720 * time.Hour},
		Sounds:    Sounds{Dir: "sounds", Language: "en"},
		Limits:    Limits{ParticipantsPerConference: 1000, AddsPerSecond: 10, RequestsPerSecond: 1000},
		Log:       Log{Level: "info", Format: "text"},
		Shutdown:  Shutdown{Drain: 30 * time.Minute},
		Cluster:   Cluster{Replicas: 3},
	}
}

// trunkDefaults fills what a trunk leaves out.
func trunkDefaults(t Trunk) Trunk {
	if t.CPS == 0 {
		t.CPS = 10
	}
	if t.Channels == 0 {
		t.Channels = 1000
	}
	if t.SRTP == "" {
		t.SRTP = "off"
	}
	if t.Priority == 0 {
		t.Priority = 1
	}
	if t.Weight == 0 {
		t.Weight = 1
	}
	if t.Hold == "" {
		t.Hold = "music"
	}
	return t
}

// KeyPath is the file of the key that seals the store.
func (s State) KeyPath() string {
	if s.KeyFile != "" {
		return s.KeyFile
	}
	return s.Path + ".key"
}

// Beside is a path as it is meant: relative ones are beside the store.
func (s State) Beside(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(s.Path), path)
}
