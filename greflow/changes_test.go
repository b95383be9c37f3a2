package greflow

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/otelcol-pptp/otelcol-pptp/greflow/detect"
)

func TestChangesKeepTheLatest(t *testing.T) {
	tests := []struct {
		name         string
		limit        int
		rounds       []int // how many are added before each take
		want         []int // of the last round
		lost, inRing int
	}{
		{"none kept", 0, []int{5}, nil, 0, 0},
		{"fewer than the limit", 100, []int{3}, []int{0, 1, 2}, 0, 16},
		{"as many as the limit", 20, []int{20}, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19}, 0, 20},
		{"more than the limit", 3, []int{5}, []int{2, 3, 4}, 2, 3},
		{"again after they were taken", 3, []int{5, 2}, []int{5, 6}, 2, 3},
		{"many times around", 3, []int{2, 2, 2, 10}, []int{13, 14, 15}, 7, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := changes{limit: tt.limit}
			n := 0
			var taken []detect.Change
			for _, count := range tt.rounds {
				for range count {
					c.add(detect.Change{At: time.Unix(int64(n), 0)})
					n++
				}
				taken = c.take(taken[:0])
			}
			var got []int
			for _, x := range taken {
				got = append(got, int(x.At.Unix()))
			}
			assert.Equal(t, tt.want, got)
			assert.Equal(t, uint64(tt.lost), c.lost)
			assert.Len(t, c.ring, tt.inRing)
			assert.Empty(t, c.take(nil))
		})
	}
}
