package show

import (
	"fmt"
	"time"
)

// Duration writes a time with three digits, in seconds or milliseconds.
func Duration(d time.Duration) string {
	switch ms := float64(d) / float64(time.Millisecond); {
	case ms >= 100_000:
		return fmt.Sprintf("%.0f s", ms/1000)
	case ms >= 10_000:
		return fmt.Sprintf("%.1f s", ms/1000)
	case ms >= 1000:
		return fmt.Sprintf("%.2f s", ms/1000)
	case ms >= 100:
		return fmt.Sprintf("%.0f ms", ms)
	case ms >= 10:
		return fmt.Sprintf("%.1f ms", ms)
	default:
		return fmt.Sprintf("%.2f ms", ms)
	}
}

// Times writes how many times b a is.
func Times(a, b time.Duration) string {
	if b == 0 {
		return ""
	}
	switch x := float64(a) / float64(b); {
	case x >= 10:
		return fmt.Sprintf("%.0f ×", x)
	case x >= 0.1:
		return fmt.Sprintf("%.1f ×", x)
	default:
		return fmt.Sprintf("%.3f ×", x)
	}
}
