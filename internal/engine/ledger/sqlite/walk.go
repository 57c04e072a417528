package sqlite

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// SQLite's own recovery reads the write-ahead log up to the first frame whose
// checksum is wrong and takes that for the end, because after a power cut it
// mostly is. But a flipped bit in the middle looks the same, and then every
// commit behind it, acknowledged and fsynced, vanishes without a word. So the
// log is walked here before SQLite may write to it.
//
//	header:  magic, version, page size, checkpoint, salt 1, salt 2, checksum 1, 2
//	frame:   page number, pages of the file if a commit else 0, salts, checksums; page
//
// (big-endian words of 4 bytes; sqlite.org/fileformat2.html#walformat). The
// checksum of a frame goes over everything before it, so nothing behind a bad
// one can be verified. What tells a cut from an end are the salts, which change
// each time the log starts over: frames of an earlier round that still lie
// behind the end have others, and room that was written ahead has none. A commit
// behind the bad frame under the same salts was written in this round.
//
// What is left in doubt: a power cut in the middle of an fsync may keep the last
// frame of a commit and lose one before it. That commit was not acknowledged,
// and looks like one that was. It is told, too; a false alarm costs less than
// silence. What cannot be found: damage in the very last commit.
const (
	walHeaderLen   = 32
	frameHeaderLen = 24
)

// cutOff is what stands behind the first bad frame of a log, of its own round.
type cutOff struct {
	offset  int64 // of the bad frame; 0 = the log's header is bad
	frames  int   // the bad one included
	commits int
}

// lost tells whether commits are cut off.
func (c cutOff) lost() bool { return c.commits > 0 }

// walSum is the log's running checksum.
type walSum struct {
	order  binary.ByteOrder
	s0, s1 uint32
}

func (s *walSum) add(b []byte) {
	for ; len(b) >= 8; b = b[8:] {
		s.s0 += s.order.Uint32(b) + s.s1
		s.s1 += s.order.Uint32(b[4:]) + s.s0
	}
}

// is compares with a stored checksum, which is big-endian in any case.
func (s *walSum) is(b []byte) bool {
	return s.s0 == binary.BigEndian.Uint32(b) && s.s1 == binary.BigEndian.Uint32(b[4:])
}

// walkLog reads a log of the given size to its end.
func walkLog(r io.Reader, size int64) (cutOff, error) {
	in := bufio.NewReaderSize(r, 1<<20)
	var header [walHeaderLen]byte
	if _, err := io.ReadFull(in, header[:]); err != nil {
		return cutOff{}, ended(err)
	}
	sum, page, good := readWalHeader(header[:])
	salts := [8]byte(header[16:24])
	frame := make([]byte, frameHeaderLen+page)
	most := uint32(1 << 31) // no file has more pages
	var cut cutOff
	for at := int64(walHeaderLen); at+int64(len(frame)) <= size; at += int64(len(frame)) {
		if _, err := io.ReadFull(in, frame); err != nil {
			return cut, ended(err)
		}
		if !good && at == walHeaderLen {
			salts = [8]byte(frame[8:16]) // the header's cannot be trusted
		}
		number, commit := binary.BigEndian.Uint32(frame), binary.BigEndian.Uint32(frame[4:])
		ours := [8]byte(frame[8:16]) == salts && number > 0 && number < most && commit < most
		if good {
			sum.add(frame[:8])
			sum.add(frame[frameHeaderLen:])
			if ours && sum.is(frame[16:24]) {
				continue
			}
			good, cut.offset = false, at
			cut.frames++
			continue // whatever it was; its own words prove nothing
		}
		if ours {
			cut.frames++
			if commit > 0 {
				cut.commits++
			}
		}
	}
	return cut, nil
}

// readWalHeader begins the checksum and tells the page size, and whether the
// header is good. A bad one is read on as one of ours.
func readWalHeader(h []byte) (sum walSum, page int, good bool) {
	const magic = 0x377f0682
	sum.order = binary.LittleEndian
	if binary.BigEndian.Uint32(h) == magic|1 {
		sum.order = binary.BigEndian
	}
	sum.add(h[:24])
	page = int(binary.BigEndian.Uint32(h[8:]))
	good = binary.BigEndian.Uint32(h)&^1 == magic && sum.is(h[24:]) &&
		page >= 512 && page <= 65536 && page&(page-1) == 0
	if !good {
		page = pageSize
	}
	return sum, page, good
}

func ended(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// inspectLog walks the log that an unclean end left, if there is one, tells of
// what is cut off in it, and keeps a copy of it: SQLite will write over it.
// Nobody else has the ledger open.
func (l *Ledger) inspectLog() (unclean bool, err error) {
	name := l.path + "-wal"
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return false, err
	}
	cut, err := walkLog(f, info.Size())
	if err != nil {
		// SQLite may get further, and says so if it does not.
		l.damage.add("couldn't read all of %s: %v", filepath.Base(name), err)
		return true, nil
	}
	if !cut.lost() {
		return true, nil
	}
	kept, keepErr := keepLog(name, f)
	if keepErr != nil {
		kept = fmt.Sprintf("no copy of the log could be kept: %v", keepErr)
	} else {
		kept = "the log is kept as " + filepath.Base(kept)
	}
	l.damage.add("%s is damaged at byte %d: %d frames with %d commits from there on, written and mostly "+
		"acknowledged before the unclean end, cannot be replayed and are missing; %s; have the ledger checked",
		filepath.Base(name), cut.offset, cut.frames, cut.commits, kept)
	return true, nil
}

// maxKept bounds the copies: a ledger that is started over and over must not
// fill the disk with them.
const maxKept = 9

// keepLog copies a log to a name of its own. A link would not do, because
// SQLite writes into the file.
func keepLog(name string, log io.ReadSeeker) (kept string, err error) {
	if _, err := log.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	for n := 1; n <= maxKept; n++ {
		kept = fmt.Sprintf("%s.damaged-%d", name, n)
		f, err := os.OpenFile(kept, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		_, err = io.Copy(f, log)
		if err = errors.Join(err, f.Sync(), f.Close(), syncDir(filepath.Dir(kept))); err != nil {
			return "", errors.Join(err, os.Remove(kept))
		}
		return kept, nil
	}
	return "", fmt.Errorf("there are %d already", maxKept)
}

// tellKept tells of copies that earlier openings kept, so that a restart does
// not make anybody forget.
func (l *Ledger) tellKept() {
	for n := 1; n <= maxKept; n++ {
		name := fmt.Sprintf("%s-wal.damaged-%d", l.path, n)
		if _, err := os.Stat(name); err == nil {
			l.damage.add("%s is a damaged log of an earlier run, whose last commits are missing; "+
				"remove the file when that is settled", filepath.Base(name))
		}
	}
}
