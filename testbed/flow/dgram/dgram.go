// Package dgram reads and writes files of flow export datagrams that real exporters made, with the time at which each
// would have come if the exporter had seen the traffic as it happened.
//
// A file is gzip of: the line "dgram 1", the line that says what made it, 8 bytes of the start time in ns since the epoch,
// and for each datagram 8 bytes of ns since the start, 2 bytes of length, and the datagram. All numbers are big-endian.
package dgram

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

const magic = "dgram 1\n"

// Datagram is the payload of a UDP datagram.
type Datagram struct {
	At    time.Duration // since the start of the capture
	Bytes []byte
}

// File is what an exporter made of a capture.
type File struct {
	By        string    // what made it, in one line
	Start     time.Time // of the capture
	Datagrams []Datagram
}

// Read reads a file. The error says which.
func Read(path string) (File, error) {
	f, err := os.Open(path)
	if err != nil {
		return File{}, fmt.Errorf("read datagrams: %w", err)
	}
	defer func() { _ = f.Close() }()
	d, err := decode(f)
	if err != nil {
		return File{}, fmt.Errorf("read datagrams of %s: %w", path, err)
	}
	return d, nil
}

func decode(r io.Reader) (File, error) {
	unzipped, err := gzip.NewReader(r)
	if err != nil {
		return File{}, err
	}
	b := bufio.NewReader(unzipped)
	first, err := b.ReadString('\n')
	if err != nil {
		return File{}, err
	}
	if first != magic {
		return File{}, fmt.Errorf("it begins with %q, not with %q", first, magic)
	}
	var f File
	if f.By, err = b.ReadString('\n'); err != nil {
		return File{}, err
	}
	f.By = strings.TrimSuffix(f.By, "\n")
	var header [10]byte
	if _, err := io.ReadFull(b, header[:8]); err != nil {
		return File{}, err
	}
	f.Start = time.Unix(0, int64(binary.BigEndian.Uint64(header[:]))).UTC()
	for {
		switch _, err := io.ReadFull(b, header[:]); {
		case errors.Is(err, io.EOF):
			return f, nil
		case err != nil:
			return File{}, err
		}
		d := Datagram{
			At:    time.Duration(binary.BigEndian.Uint64(header[:])),
			Bytes: make([]byte, binary.BigEndian.Uint16(header[8:])),
		}
		if _, err := io.ReadFull(b, d.Bytes); err != nil {
			return File{}, err
		}
		f.Datagrams = append(f.Datagrams, d)
	}
}

// Write writes a file, which is a function of f alone.
func (f File) Write(path string) error {
	if strings.Contains(f.By, "\n") {
		return fmt.Errorf("write datagrams: by: %q is more than one line", f.By)
	}
	to, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write datagrams: %w", err)
	}
	if err := errors.Join(f.encode(to), to.Close()); err != nil {
		return fmt.Errorf("write datagrams to %s: %w", path, err)
	}
	return nil
}

func (f File) encode(w io.Writer) error {
	zipped, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	b := append([]byte(magic+f.By), '\n')
	b = binary.BigEndian.AppendUint64(b, uint64(f.Start.UnixNano()))
	for _, d := range f.Datagrams {
		b = binary.BigEndian.AppendUint64(b, uint64(d.At))
		b = binary.BigEndian.AppendUint16(b, uint16(len(d.Bytes)))
		b = append(b, d.Bytes...)
	}
	if _, err := zipped.Write(b); err != nil {
		return err
	}
	return zipped.Close()
}

// Arrival is when a datagram of f came.
func (f File) Arrival(d Datagram) time.Time { return f.Start.Add(d.At) }
