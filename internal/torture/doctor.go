package torture

import (
	"context"
	"fmt"

	"homing/internal/desk/control"
)

// examine has a server's house examined, every file of it, and wants nothing to be
// found: whatever it has been through, a house that serves and has caught up is
// healthy, and a doctor who says otherwise is not believed the next time.
func examine(ctx context.Context, client *control.Client, wrong func(kind Kind, format string, args ...any)) error {
	over, looked := false, false
	for line, err := range client.Doctor(ctx, control.DoctorRequest{}) {
		if err != nil {
			return fmt.Errorf("couldn't have the house examined: %w", err)
		}
		// A note asks for nothing.
		if f := line.Finding; f != nil && f.Severity != "note" {
			wrong(Other, "homing doctor finds %s (%s, %s): %s", f.Kind, f.Severity, f.Where, f.What)
		}
		over, looked = over || line.Over, looked || line.Checked != ""
	}
	if !over || !looked {
		wrong(Other, "homing doctor ends before it has looked at everything")
	}
	return nil
}
