package netflow

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	goflow "github.com/netsampler/goflow2/v2/decoders/netflow"
	"github.com/stretchr/testify/require"
)

// The oracle is goflow2's decoder, in a process of its own: this test binary, run
// with oracleEnv, a bound on its memory and another on its time. Templates whose
// records have no length never reach it.
const (
	oracleEnv    = "NETFLOW_TEST_ORACLE"
	oracleMemory = 4 << 30 // of address space, most of which Go only reserves
	oracleTime   = 2 * time.Minute
)

func TestMain(m *testing.M) {
	if os.Getenv(oracleEnv) == "" {
		os.Exit(m.Run())
	}
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// rawField is a field as it is in a datagram.
type rawField struct {
	PEN   uint32
	ID    uint16
	Value []byte
}

// rawSet is a set of data as it is in a datagram.
type rawSet struct {
	Domain  uint32
	ID      uint16
	Options bool
	Records [][]rawField
}

// rawDatagram are the sets of data in a datagram up to the first that is bad.
type rawDatagram struct {
	Sets   []rawSet
	Failed bool
}

// serve answers streams of datagrams, each of one exporter.
func serve(r io.Reader, w io.Writer) error {
	limit := syscall.Rlimit{Cur: oracleMemory, Max: oracleMemory}
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &limit); err != nil {
		return fmt.Errorf("bound memory: %w", err)
	}
	in, out := gob.NewDecoder(r), gob.NewEncoder(w)
	for {
		var stream [][]byte
		switch err := in.Decode(&stream); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := out.Encode(oracle(stream)); err != nil {
			return err
		}
	}
}

// guard keeps templates out whose records have no length: goflow2 does not come to an end with them.
type guard struct{ goflow.NetFlowTemplateSystem }

func (g guard) AddTemplate(version uint16, domain uint32, id uint16, template any) error {
	var fields []goflow.Field
	switch t := template.(type) {
	case goflow.TemplateRecord:
		fields = t.Fields
	case goflow.NFv9OptionsTemplateRecord:
		fields = append(append(fields, t.Scopes...), t.Options...)
	case goflow.IPFIXOptionsTemplateRecord:
		fields = append(append(fields, t.Scopes...), t.Options...)
	}
	if goflow.GetTemplateSize(version, fields) == 0 {
		_, err := g.RemoveTemplate(version, domain, id)
		if errors.Is(err, goflow.ErrorTemplateNotFound) {
			err = nil
		}
		return err
	}
	return g.NetFlowTemplateSystem.AddTemplate(version, domain, id, template)
}

func oracle(stream [][]byte) []rawDatagram {
	templates := guard{goflow.CreateTemplateSystem()}
	out := make([]rawDatagram, 0, len(stream))
	for _, datagram := range stream {
		var v9 goflow.NFv9Packet
		var ipfix goflow.IPFIXPacket
		err := goflow.DecodeMessageVersion(bytes.NewBuffer(datagram), templates, &v9, &ipfix)
		sets, domain := v9.FlowSets, v9.SourceId
		if ipfix.Version == 10 {
			sets, domain = ipfix.FlowSets, ipfix.ObservationDomainId
		}
		out = append(out, rawDatagram{Failed: err != nil && !errors.Is(err, goflow.ErrorTemplateNotFound), Sets: rawSets(sets, domain)})
	}
	return out
}

func rawSets(sets []any, domain uint32) (out []rawSet) {
	for _, s := range sets {
		switch s := s.(type) {
		case goflow.DataFlowSet:
			set := rawSet{Domain: domain, ID: s.Id}
			for _, r := range s.Records {
				set.Records = append(set.Records, rawFields(nil, r.Values))
			}
			out = append(out, set)
		case goflow.OptionsDataFlowSet:
			set := rawSet{Domain: domain, ID: s.Id, Options: true}
			for _, r := range s.Records {
				set.Records = append(set.Records, rawFields(rawFields(nil, r.ScopesValues), r.OptionsValues))
			}
			out = append(out, set)
		}
	}
	return out
}

func rawFields(out []rawField, values []goflow.DataField) []rawField {
	for _, v := range values {
		b, _ := v.Value.([]byte)
		f := rawField{ID: v.Type, Value: b}
		if v.PenProvided {
			f.PEN, f.ID = v.Pen, v.Type&0x7fff // it is not cleared in option templates
		}
		out = append(out, f)
	}
	return out
}

// ask asks the oracle about streams of datagrams.
func ask(t *testing.T, streams [][][]byte) [][]rawDatagram {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), oracleTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), oracleEnv+"=1")
	var stdin, stdout, stderr bytes.Buffer
	out := gob.NewEncoder(&stdin)
	for _, s := range streams {
		require.NoError(t, out.Encode(s))
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &stdin, &stdout, &stderr
	require.NoError(t, cmd.Run(), "%s", stderr.String())
	answers := make([][]rawDatagram, len(streams))
	in := gob.NewDecoder(&stdout)
	for i := range answers {
		require.NoError(t, in.Decode(&answers[i]))
		require.Len(t, answers[i], len(streams[i]))
	}
	return answers
}
