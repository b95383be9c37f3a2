package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// sink receives traces as OTLP over HTTP and shows the sessions in them.
type sink struct {
	listener net.Listener
	server   *http.Server
}

const maxRequest = 16 << 20

func listenOTLP(v *view) (*sink, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for OTLP: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		req := ptraceotlp.NewExportRequest()
		if err := req.UnmarshalProto(body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		v.show(req.Traces())
		w.Header().Set("Content-Type", "application/x-protobuf")
		reply, _ := ptraceotlp.NewExportResponse().MarshalProto()
		_, _ = w.Write(reply)
	})
	s := &sink{listener: l, server: &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}}
	go func() { _ = s.server.Serve(l) }()
	return s, nil
}

// URL is where the collector's otlp_http exporter sends to.
func (s *sink) URL() string { return "http://" + s.listener.Addr().String() }

// Close stops the server.
func (s *sink) Close() { _ = s.server.Close() }
