package capture

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

const (
	// nameTime is UTC, and sorts as it passes.
	nameTime = "20060102T150405.000000Z"
	// maxNamePart bounds target and cause in a name; file systems take 255 bytes in all.
	maxNamePart = 64
	// maxSameTime bounds the search for a name that is free.
	maxSameTime = 1000
)

// ourName recognises files that we wrote; all others are left alone.
var ourName = regexp.MustCompile(`^\d{8}T\d{6}\.\d{6}Z_[A-Za-z0-9.-]{1,64}_[A-Za-z0-9._-]{1,64}\.pcapng$`)

// fileName is <time>_<target>_<cause>.pcapng.
func fileName(at time.Time, target, cause string) string {
	return at.UTC().Format(nameTime) + "_" + namePart(strings.ReplaceAll(target, "_", "-")) + "_" + namePart(cause) + ".pcapng"
}

// namePart makes of s what no file system or shell minds.
func namePart(s string) string {
	s = strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '_', c == '-':
			return c
		}
		return '-'
	}, s)
	if s == "" {
		return "unknown"
	}
	return s[:min(len(s), maxNamePart)]
}

// write makes room in the directory and writes a file, all of it or none.
func (s *Store) write(at time.Time, target, cause string, data []byte) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if int64(len(data)) > s.cfg.MaxBytes {
		return "", fmt.Errorf("%d bytes are more than the %d that the directory may hold", len(data), s.cfg.MaxBytes)
	}
	if err := os.MkdirAll(s.cfg.Dir, 0o700); err != nil {
		return "", err
	}
	if err := s.makeRoom(int64(len(data))); err != nil {
		return "", fmt.Errorf("make room: %w", err)
	}
	var (
		f    file
		path string
		err  = fs.ErrExist
	)
	for i := 0; errors.Is(err, fs.ErrExist) && i < maxSameTime; i++ {
		// Two sessions may fail at the same time: then the name is a little late.
		path = filepath.Join(s.cfg.Dir, fileName(at.Add(time.Duration(i)*time.Microsecond), target, cause))
		f, err = s.open(path)
	}
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		// Half a file is of no use, and takes room from others.
		return "", errors.Join(err, os.Remove(path))
	}
	return path, nil
}

// makeRoom removes our oldest files, until one of size bytes is within the bounds.
func (s *Store) makeRoom(size int64) error {
	entries, err := os.ReadDir(s.cfg.Dir) // by name, so by time
	if err != nil {
		return err
	}
	type old struct {
		name string
		size int64
	}
	var ours []old
	for _, e := range entries {
		if !e.Type().IsRegular() || !ourName.MatchString(e.Name()) {
			continue
		}
		if info, err := e.Info(); err == nil { // otherwise somebody else has removed it
			ours = append(ours, old{e.Name(), info.Size()})
			size += info.Size()
		}
	}
	for n := len(ours) + 1; n > s.cfg.MaxFiles || size > s.cfg.MaxBytes; n-- {
		if err := os.Remove(filepath.Join(s.cfg.Dir, ours[0].name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		size -= ours[0].size
		ours = ours[1:]
	}
	return nil
}
