package chap

import "strconv"

// Method is a way to authenticate, as negotiated by LCP option 3.
type Method uint8

// The methods an access server may ask for. [MethodEAP] can be named but not
// spoken: a [Peer] never answers it.
const (
	MethodPAP Method = iota + 1
	MethodMD5
	MethodMSCHAPv1
	MethodMSCHAPv2
	MethodEAP
)

// String returns the name used in telemetry, such as "mschap_v2".
func (m Method) String() string {
	switch m {
	case MethodPAP:
		return "pap"
	case MethodMD5:
		return "chap_md5"
	case MethodMSCHAPv1:
		return "mschap_v1"
	case MethodMSCHAPv2:
		return "mschap_v2"
	case MethodEAP:
		return "eap"
	}
	return "method_" + strconv.Itoa(int(m))
}

// challengeLen is the length of a Challenge value: fixed by RFC 2433 and RFC
// 2759 §3 for MS-CHAP, 0 (any length from 1) for CHAP-MD5.
func (m Method) challengeLen() int {
	switch m {
	case MethodMSCHAPv1:
		return 8
	case MethodMSCHAPv2:
		return 16
	}
	return 0
}
