// Package freeradius reads the statistics of a FreeRADIUS server, which come as vendor
// attributes in the answer to a Status-Server (its dictionary.freeradius), and adds up
// its counters of 32 bits.
//
// The server answers such a request only at a listener of type "status", most often
// 127.0.0.1:18121. It counts the requests for statistics among its requests.
package freeradius
