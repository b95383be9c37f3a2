// Package packet reads what the first bytes of a packet say of its flow. Flow
// exports carry such bytes as sampled headers (sFlow) and as packet sections
// (IPFIX elements 313 to 315), cut off anywhere.
//
// It works in two steps, so that most packets can be left after the first: [Find]
// passes the link layer and finds the IP header, and [Header.Fill] writes into a
// [flow.Record] what the headers say. [Parse] does both. Before that, [Foreign]
// leaves most of what is not of interest.
package packet
