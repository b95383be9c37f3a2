package gateway

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
)

const (
	maxBody   = 64 << 20
	bodyChunk = 16 << 10
)

// handler is the web server behind the tunnel:
//
//	GET  /            a short text
//	GET  /status/404  an answer with that status
//	GET  /bytes/1000  that many bytes, at most 64 MiB
//	POST /sink        reads what it gets, at most 64 MiB, and says how much it was
func (s *services) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = fmt.Fprintf(w, "otelcol-pptp testbed: you came through the tunnel as %s\n", r.RemoteAddr)
	})
	mux.HandleFunc("GET /status/{code}", func(w http.ResponseWriter, r *http.Request) {
		code, err := strconv.Atoi(r.PathValue("code"))
		if err != nil || code < 200 || code > 599 {
			code = http.StatusBadRequest
		}
		w.WriteHeader(code)
	})
	mux.HandleFunc("GET /bytes/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.PathValue("n"))
		if err != nil || n < 0 || n > maxBody {
			http.Error(w, "bytes: 0 to "+strconv.Itoa(maxBody), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(n))
		w.Header().Set("Content-Type", "application/octet-stream")
		chunk := make([]byte, bodyChunk)
		for ; n > 0; n -= bodyChunk {
			if _, err := w.Write(chunk[:min(n, bodyChunk)]); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("POST /sink", func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, io.LimitReader(r.Body, maxBody))
		_, _ = fmt.Fprintln(w, n)
	})
	return s.faultyHTTP(mux)
}

// faultyHTTP is next with the faults of HTTP before it.
func (s *services) faultyHTTP(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := s.faults()
		switch {
		case f.HTTPStall:
			w.Header().Set("Content-Length", "1000000")
			_, _ = w.Write([]byte("the rest of this "))
			if fl, ok := w.(http.Flusher); ok {
				fl.Flush()
			}
			<-r.Context().Done() // until the client or the gateway has enough
		case f.HTTPStatus != 0:
			w.WriteHeader(f.HTTPStatus)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
