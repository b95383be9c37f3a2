//go:build slow

package detect

import (
	"testing"
	"time"
)

func TestWholeDay(t *testing.T) {
	day{pairs: 10_000, length: 24 * time.Hour, inject: 20 * time.Hour, victims: 20, noEcho: true}.run(t)
}
