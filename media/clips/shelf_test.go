package clips_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"partyline/media/clips"
)

func shelf(t *testing.T, dir string) *clips.Shelf {
	t.Helper()
	s, err := clips.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

var upload = form{1, 44100, 2, 16, false}.file(wave(44100))

// What is put there is there for the next program, too, at both rates and as
// a file, and only for its owner.
func TestShelfKeeps(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "sounds")
	info, err := shelf(t, dir).Put("snd_01", bytes.NewReader(upload))
	if err != nil {
		t.Fatal(err)
	}
	s := shelf(t, dir)
	f, err := s.File("snd_01")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	file, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(file)
	if info.Source != "wav" || info.Bytes != int64(len(file)) || !bytes.Equal(info.SHA256, sum[:]) {
		t.Errorf("%+v of a file of %d bytes", info, len(file))
	}
	clip, err := s.Clip("snd_01")
	if err != nil {
		t.Fatal(err)
	}
	if clip.Length() != info.Length || clip.Name != "snd_01" {
		t.Errorf("%q, %v and not %v", clip.Name, clip.Length(), info.Length)
	}
	checkClip(t, clip)
	first := decode(t, upload)
	if !slices.Equal(clip.Wide, first.Wide) || !slices.Equal(clip.PCM, first.PCM) {
		t.Error("it is not the sound that was put there")
	}
	if again := decode(t, file); len(again.Wide) != len(clip.Wide) {
		t.Error("the file is not the sound")
	}
	for path, mode := range map[string]fs.FileMode{dir: 0o700 | fs.ModeDir, filepath.Join(dir, "snd_01.wav"): 0o600} {
		if st, err := os.Stat(path); err != nil || st.Mode() != mode {
			t.Errorf("%s: %v, %v", path, st.Mode(), err)
		}
	}
}

// A bad upload changes nothing and leaves nothing.
func TestShelfBadUpload(t *testing.T) {
	dir := t.TempDir()
	s := shelf(t, dir)
	if _, err := s.Put("a", bytes.NewReader(upload)); err != nil {
		t.Fatal(err)
	}
	before, _ := s.Clip("a")
	for _, bad := range []io.Reader{strings.NewReader("no sound"), failing{errors.New("broken")}} {
		if info, err := s.Put("a", bad); err == nil || info.Bytes != 0 {
			t.Errorf("%+v, %v", info, err)
		}
	}
	after, err := s.Clip("a")
	if err != nil || !slices.Equal(before.Wide, after.Wide) {
		t.Errorf("the sound that was there is another: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("%v", left)
	}
}

func TestShelfRemoves(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "X.partial"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := shelf(t, dir)
	if _, err := s.Put("a", bytes.NewReader(upload)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Remove("a"); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Clip("a"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if f, err := s.File("a"); !errors.Is(err, fs.ErrNotExist) || f != nil {
		t.Error(f, err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}

// Ids that would reach elsewhere are none.
func TestShelfIDs(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret.wav")
	if err := os.WriteFile(secret, upload, 0o600); err != nil {
		t.Fatal(err)
	}
	s := shelf(t, filepath.Join(dir, "sounds"))
	for _, id := range []string{"", ".", "..", "../secret", "a/b", `a\b`, ".hidden", "a\x00", "ü", strings.Repeat("a", 129), "a.partial"} {
		if _, err := s.Put(id, bytes.NewReader(upload)); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%q is kept: %v", id, err)
		}
		if _, err := s.Clip(id); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q is loaded: %v", id, err)
		}
		if _, err := s.File(id); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q is opened: %v", id, err)
		}
		if err := s.Remove(id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
	}
	if err := os.Symlink(secret, filepath.Join(dir, "sounds", "link.wav")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Clip("link"); err == nil {
		t.Error("a link out of the directory is followed")
	}
}

// A kept file that was tampered with is an error, and no panic.
func TestShelfDamaged(t *testing.T) {
	dir := t.TempDir()
	s := shelf(t, dir)
	for _, data := range []string{"", "RIFF", strings.Repeat("RIFF", 20)} {
		if err := os.WriteFile(filepath.Join(dir, "a.wav"), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if clip, err := s.Clip("a"); err == nil || clip != nil {
			t.Errorf("%q is a sound", data)
		}
	}
}
