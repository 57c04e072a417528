package segment

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Check tells whether a spool that nobody has open is of a newer version, which
// is homing.ErrNewer, and changes nothing: for who opens other things before it,
// and wants none of them touched then. The last file is looked at, for newer
// programs write behind older ones. A spool that is not there is none of those.
func Check(o Options) error {
	o.setDefaults()
	in := &inspector{opts: o}
	in.damage.logger = o.Logger
	if err := in.list(); errors.Is(err, fs.ErrNotExist) || err == nil && len(in.segments) == 0 {
		return nil
	} else if err != nil {
		return fmt.Errorf("couldn't look into spool %s: %w", o.Dir, err)
	}
	g := in.segments[len(in.segments)-1]
	file, err := o.FS.Open(o.FS.PathJoin(o.Dir, g.name), vfs.SequentialReadsOption)
	if err != nil {
		return fmt.Errorf("couldn't look into spool %s: %w", o.Dir, err)
	}
	defer file.Close()
	if _, err = readPages(file, g); err != nil {
		return fmt.Errorf("couldn't look into spool %s: %w", o.Dir, err)
	}
	return nil
}
