package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// sink receives traces and logs as OTLP over HTTP, and shows the sessions and verdicts in them.
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
	mux.HandleFunc("POST /v1/traces", take(func(body []byte) ([]byte, error) {
		req := ptraceotlp.NewExportRequest()
		if err := req.UnmarshalProto(body); err != nil {
			return nil, err
		}
		v.show(req.Traces())
		return ptraceotlp.NewExportResponse().MarshalProto()
	}))
	mux.HandleFunc("POST /v1/logs", take(func(body []byte) ([]byte, error) {
		req := plogotlp.NewExportRequest()
		if err := req.UnmarshalProto(body); err != nil {
			return nil, err
		}
		v.showLogs(req.Logs())
		return plogotlp.NewExportResponse().MarshalProto()
	}))
	s := &sink{listener: l, server: &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}}
	go func() { _ = s.server.Serve(l) }()
	return s, nil
}

// take makes a handler of what is done with the body of a request.
func take(do func(body []byte) (reply []byte, err error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		reply, err := do(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
		_, _ = w.Write(reply)
	}
}

// URL is where the collector's otlp_http exporter sends to.
func (s *sink) URL() string { return "http://" + s.listener.Addr().String() }

// Close stops the server.
func (s *sink) Close() { _ = s.server.Close() }
