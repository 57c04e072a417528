package sqlite

import (
	"testing"

	"homing/internal/engine/ledger"
)

// BenchmarkList reads conversions, and their receipts.
func BenchmarkList(b *testing.B) {
	l := openWith(b, Options{})
	const rows = 50_000
	base := benchClick.Add(1 << 32)
	claimMany(b, l, 256, rows, func(n uint64) uint64 { return base + n })
	b.Run("conversions", func(b *testing.B) {
		for b.Loop() {
			for _, err := range l.Conversions(b.Context(), ledger.ConversionQuery{}) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("receipts", func(b *testing.B) {
		for b.Loop() {
			for _, err := range l.Receipts(b.Context(), ledger.ReceiptQuery{}) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(b.N)*rows/b.Elapsed().Seconds(), "rows/s")
	})
}
