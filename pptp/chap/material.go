package chap

import "fmt"

// MPPEMaterial is what the encryption keys of RFC 3079 are derived from. All of
// it is as secret as the password, so printing shows the method only.
type MPPEMaterial struct {
	Method           Method   // MethodMSCHAPv1 or MethodMSCHAPv2
	PasswordHash     [16]byte // NTPasswordHash of the password
	PasswordHashHash [16]byte
	NTResponse       [24]byte
	Challenge        [8]byte // MS-CHAPv1: the server's challenge; zero with v2
}

// Format writes the method only, whatever the verb and the flags are.
func (m MPPEMaterial) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "%s:[redacted]", m.Method)
}

// MarshalText returns what Format writes.
func (m MPPEMaterial) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%v", m), nil }

// MPPEStart returns the material of the first exchange that succeeded; later
// ones do not change the keys of a running link. false: no MS-CHAP exchange has
// succeeded, or the server was refused or unmasked since.
func (p *Peer) MPPEStart() (MPPEMaterial, bool) {
	if p.keys == nil {
		return MPPEMaterial{}, false
	}
	return *p.keys, true
}
