package capture

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHostileNames(t *testing.T) {
	long := strings.Repeat("a", 300)
	for name, tt := range map[string]struct{ target, cause, want string }{
		"plain":     {"vpn-1.example.com", "tcp.connect_slow", "vpn-1.example.com_tcp.connect_slow"},
		"path":      {"../../etc/passwd", "../x", "..-..-etc-passwd_..-x"},
		"absolute":  {"/etc/cron.d/x", `C:\x`, "-etc-cron.d-x_C--x"},
		"empty":     {"", "", "unknown_unknown"},
		"NUL":       {"a\x00b", "c\nd", "a-b_c-d"},
		"shell":     {"$(rm -rf ~);*", "`x`", "--rm--rf-----_-x-"},
		"unicode":   {"büro/日本", "ä", "b-ro---_-"},
		"not UTF-8": {"\xff\xfe", "\x80", "--_-"},
		"separator": {"a_b", "a_b", "a-b_a_b"},
		"long":      {long, long, long[:64] + "_" + long[:64]},
		"dots":      {"..", ".", ".._."},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t, nil)
			r := s.Session(Meta{Target: tt.target})
			r.ControlOpened(testLocal, testRemote, testStart, testStart)
			path, err := r.Save(testStart, Reason{Cause: tt.cause})
			require.NoError(t, err)
			assert.Equal(t, s.cfg.Dir, filepath.Dir(path))
			got := filepath.Base(path)
			assert.Equal(t, "20260102T030405.678901Z_"+tt.want+".pcapng", got)
			assert.Regexp(t, ourName, got, "the ring has to know it")
			assert.Less(t, len(got), 200)
		})
	}
}

// fail saves a file that failed n seconds after the first.
func fail(t *testing.T, s *Store, n int) (string, error) {
	t.Helper()
	c := newScript(s)
	c.call()
	return c.r.Save(testStart.Add(time.Duration(n)*time.Second), testReason)
}

func list(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestDirectoryIsBoundedInFiles(t *testing.T) {
	s := newStore(t, func(c *Config) { c.MaxFiles = 3 })
	var paths []string
	for i := range 10 {
		p, err := fail(t, s, i)
		require.NoError(t, err)
		paths = append(paths, filepath.Base(p))
	}
	assert.Equal(t, paths[7:], list(t, s.cfg.Dir))
}

func TestDirectoryIsBoundedInBytes(t *testing.T) {
	s := newStore(t, nil)
	p, err := fail(t, s, 0)
	require.NoError(t, err)
	info, err := os.Stat(p)
	require.NoError(t, err)
	s.cfg.MaxBytes = 4*info.Size() + 10
	var last string
	for i := range 10 {
		last, err = fail(t, s, 1+i)
		require.NoError(t, err)
	}
	names := list(t, s.cfg.Dir)
	assert.Len(t, names, 4)
	assert.Equal(t, filepath.Base(last), names[3])

	s.cfg.MaxBytes = info.Size() - 1
	_, err = fail(t, s, 100)
	require.ErrorContains(t, err, "more than the")
	assert.Equal(t, names, list(t, s.cfg.Dir), "nothing goes for a file that does not come")
}

func TestFilesOfOthersAreLeftAlone(t *testing.T) {
	s := newStore(t, func(c *Config) { c.MaxFiles = 1; c.MaxBytes = 10_000 })
	others := []string{
		"20200102T030405.678901Z_vpn_dns.timeout.pcapng.gz", "20200102T030405.678901Z_vpn.pcapng", "0.pcapng",
		"x20200102T030405.678901Z_vpn_dns.timeout.pcapng", "20200102T030405Z_vpn_dns.timeout.pcapng", "notes.txt",
	}
	for _, n := range others {
		require.NoError(t, os.WriteFile(filepath.Join(s.cfg.Dir, n), make([]byte, 100_000), 0o600))
	}
	// Neither are a directory and a link, whatever their name.
	dir, link := "20200102T030405.678901Z_dir_dns.timeout.pcapng", "20200102T030405.678901Z_link_dns.timeout.pcapng"
	require.NoError(t, os.Mkdir(filepath.Join(s.cfg.Dir, dir), 0o700))
	require.NoError(t, os.Symlink("notes.txt", filepath.Join(s.cfg.Dir, link)))
	for i := range 5 {
		_, err := fail(t, s, i)
		require.NoError(t, err)
	}
	names := list(t, s.cfg.Dir)
	assert.Subset(t, names, append(others, dir, link))
	assert.Len(t, names, len(others)+3)
}

func TestSameTimeSameTarget(t *testing.T) {
	s := newStore(t, nil)
	seen := map[string]bool{}
	for range 20 {
		p, err := fail(t, s, 0)
		require.NoError(t, err)
		seen[p] = true
	}
	assert.Len(t, seen, 20)
	assert.Len(t, list(t, s.cfg.Dir), 20)
}

func TestDirectoryIsCreated(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	s := newStore(t, func(c *Config) { c.Dir = dir })
	assert.NoDirExists(t, dir, "nothing has failed")
	_, err := fail(t, s, 0)
	require.NoError(t, err)
	info, err := os.Stat(dir)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
}

func TestDirectoryThatCannotBe(t *testing.T) {
	inTheWay := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(inTheWay, nil, 0o600))
	s := newStore(t, func(c *Config) { c.Dir = filepath.Join(inTheWay, "captures") })
	path, err := fail(t, s, 0)
	assert.Empty(t, path)
	require.ErrorIs(t, err, syscall.ENOTDIR)
	assert.ErrorContains(t, err, "write capture of vpn.example")
}

// brokenFile fails as a full disk does.
type brokenFile struct {
	file
	write, close error
}

func (b brokenFile) Write(p []byte) (int, error) {
	if b.write == nil {
		return b.file.Write(p)
	}
	n, err := b.file.Write(p[:len(p)/2])
	return n, errors.Join(err, b.write)
}

func (b brokenFile) Close() error { return errors.Join(b.file.Close(), b.close) }

func TestFullDisk(t *testing.T) {
	for name, broken := range map[string]brokenFile{
		"write": {write: syscall.ENOSPC}, "close": {close: syscall.EDQUOT},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t, nil)
			s.open = func(path string) (file, error) {
				f, err := createFile(path)
				broken.file = f
				return broken, err
			}
			path, err := fail(t, s, 0)
			assert.Empty(t, path)
			require.ErrorIs(t, err, errors.Join(broken.write, broken.close).(interface{ Unwrap() []error }).Unwrap()[0])
			assert.Empty(t, list(t, s.cfg.Dir), "half a file is none")
			s.open = createFile
			_, err = fail(t, s, 0)
			assert.NoError(t, err, "there is room again")
		})
	}
}

func TestUnwritableDirectory(t *testing.T) {
	s := newStore(t, nil)
	s.open = func(string) (file, error) { return nil, syscall.EROFS }
	_, err := fail(t, s, 0)
	require.ErrorIs(t, err, syscall.EROFS)

	// A name that is never free is given up.
	tries := 0
	s.open = func(string) (file, error) { tries++; return nil, syscall.EEXIST }
	_, err = fail(t, s, 0)
	require.ErrorIs(t, err, os.ErrExist)
	assert.Equal(t, maxSameTime, tries)
}
