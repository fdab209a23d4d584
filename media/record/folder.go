package record

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
)

// file is what is asked of a file that is written.
type file interface {
	io.WriterAt
	Truncate(size int64) error
	Sync() error
	Close() error
}

// create makes a new file of a recording.
type create func(folder *os.Root, name string) (file, error)

func createFile(folder *os.Root, name string) (file, error) {
	return folder.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
}

// Ids become names of folders and files; nothing else does.
var (
	idPattern   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$`)
	namePattern = regexp.MustCompile(`^(?:mix|track-([A-Za-z0-9][A-Za-z0-9_-]{0,99}))\.(wav|mp3|opus)$`)
)

const mixName = "mix"

// trackName is the name, without its ending, of a participant's file.
func trackName(participant string) string { return "track-" + participant }

// participantOf is whose file it is; "" of the mix.
func participantOf(name string) string {
	if m := namePattern.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	return ""
}

func checkID(id string) error {
	if !idPattern.MatchString(id) {
		return fmt.Errorf("record: %w: an id that cannot name a folder", fs.ErrInvalid)
	}
	return nil
}

// contentTypes by ending (RFC 2361, RFC 3003, RFC 7845 §9). Audio in WAV has
// a registered type that browsers do not know; this is the one they do.
var contentTypes = map[string]string{
	"wav":  "audio/wav",
	"mp3":  "audio/mpeg",
	"opus": "audio/ogg",
}

// stem is a name without its ending.
func stem(name string) string {
	before, _, _ := strings.Cut(name, ".")
	return before
}

// waves lists the WAV files of a folder, the mix first.
func waves(folder *os.Root) ([]string, error) {
	entries, err := fs.ReadDir(folder.FS(), ".")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries { // in the order of their names: "mix" before "track"
		if m := namePattern.FindStringSubmatch(e.Name()); m != nil && m[2] == "wav" {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// replace writes a small file so that there is the old one or the new one,
// whatever happens.
func replace(folder *os.Root, name string, content []byte) error {
	f, err := folder.OpenFile(name+partEnding, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.Write(content); err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return rename(folder, name)
}

// partEnding is of files that are not finished yet.
const partEnding = ".part"

// rename makes an unfinished file the finished one, for good.
func rename(folder *os.Root, name string) error {
	if err := folder.Rename(name+partEnding, name); err != nil {
		return err
	}
	return syncFolder(folder)
}

// syncFolder has the names in a folder outlive a power cut.
func syncFolder(folder *os.Root) error {
	d, err := folder.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
