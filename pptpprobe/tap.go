package pptpprobe

import (
	"io"
	"net/netip"
	"sync"
	"time"
)

// tapAfter is how long a session waits for GRE before it looks at the wire. A
// gateway repeats its LCP request each few seconds, so its next one is seen there.
const tapAfter = time.Second

// tap sees GRE as the network card hands it over, before the host's firewall,
// reverse path filter or NAT has its say: what is seen here, and not on the raw
// socket, this host itself has dropped. It is open only while a session misses
// packets, once for all of them.
type tap struct {
	open func(seen func(from, to netip.Addr, call uint16)) (io.Closer, error)
	seen func(from, to netip.Addr, call uint16)

	mu    sync.Mutex
	users int
	sock  io.Closer // nil: closed, or it could not be opened, and then nothing is seen
}

// watch opens the wire, and returns what closes it.
func (w *tap) watch() (stop func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.users == 0 && w.open != nil {
		w.sock, _ = w.open(w.seen) // it only adds evidence
	}
	w.users++
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.users--
		if w.users == 0 && w.sock != nil {
			_ = w.sock.Close()
			w.sock = nil
		}
	}
}

// onTap notes a GRE packet of a session that was seen on the wire.
func (r *registry) onTap(from, to netip.Addr, call uint16) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if s := r.byKey[callKey{from, call}]; s != nil && s.res.LocalAddr == to {
		s.onTap.Add(1)
	}
}
