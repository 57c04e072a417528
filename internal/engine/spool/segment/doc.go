// Package segment is the spool as segment files in one directory: the
// implementation of spool.Spool for one machine.
//
// What it promises is told by the contract. How a record passes through it:
//
//	Append ─► open batch ─► committer: compress, write, fdatasync ─► Append returns
//	                                        │                    └─► followers wake
//	         preparer: the next file, ──────┘
//	         full of zeros and fsynced, waits here
//
// One goroutine, the committer, owns the file that is written. It takes the
// open batch as soon as the previous fdatasync has returned, so the slower the
// disk, the larger the batches. No lock is held while the disk works.
//
// # Files
//
// A segment is named by the position of its first record, 20 digits and
// ".seg". Whatever ends in ".tmp" is unfinished work of a process that is gone
// and is removed when the spool is opened. Numbers are little-endian; checksums
// are CRC-32C (Castagnoli).
//
//	     0  header page, copy A
//	  4096  header page, copy B
//	  8192  seal page, copy A      zeros until the segment is sealed
//	 12288  seal page, copy B
//	 16384  block │ block │ …      each at a multiple of 64 bytes
//	   …    zeros up to the file's end: prepared room
//
//	header page                        seal page
//	   0  magic "homing\x1aH"             0  magic "homing\x1aS"
//	   8  format version u32 = 1          8  format version u32 = 1
//	  12  zero u32                       12  zero u32
//	  16  generation u64                 16  generation u64
//	  24  first position u64             24  first position u64
//	  32  created, ms i64                32  next position u64
//	  40  prepared room, bytes i64       40  end of the last block i64
//	  48  zeros                          48  number of blocks u32
//	                                     52  kinds u8, zeros u24
//	                                     56  least At, ms i64
//	                                     64  greatest At, ms i64
//	                                     72  zeros
//	4092  checksum of 0…4091 u32       4092  checksum of 0…4091 u32
//
//	block: a header of 64 bytes, the body, zeros up to a multiple of 64
//
//	   0  magic "hblk"                   32  least At, ms i64
//	   4  checksum of 8…63 u32           40  greatest At, ms i64
//	   8  generation u64                 48  length of the body, plain u32
//	  16  index in the segment u32       52  length of the body, as stored u32
//	  20  number of records u32          56  checksum of the body, as stored u32
//	  24  first position u64             60  kinds u8 │ flags u8 │ zero u16
//
//	flags: 1 the body is a zstd frame
//	       2 the stored body has a stretch of zeros where a sector's worth of
//	         it lies, see below
//
//	body: records one after the other
//
//	   kind u8 │ At, as signed varint difference to the record before (the
//	   first: to 0) │ length, unsigned varint │ data
//
// The generation is 64 random bits, new for every file. Somebody who sends us
// clicks can put the picture of a block into one, and incompressible data is
// stored as it is; he cannot guess the generation, so the picture is never
// taken for a block.
//
// # Sealed, open, torn, damaged
//
// A segment is sealed when the next one begins and when the spool is closed:
// from then on its seal says where it ends, and everything that is missing
// before that is damage. A segment that has a successor ends where the
// successor begins, sealed or not. That leaves the last segment after a crash:
// nothing says where it ends, and the last block may have been torn in the
// middle by the power cut. A torn block was never acknowledged, because one
// block at most is on its way and its fdatasync had not returned.
//
// To tell a torn block from a damaged one we rely on two things: the room
// behind the last block is zeros, and a sector (512 bytes) is written whole or
// not at all. Headers never straddle a sector. So in a torn block a whole
// sector's worth of it is still zeros, the header or a piece of the body. If
// the stored body has such a piece by nature, flag 2 says so, and zeros prove
// nothing. What is no good and not torn is reported as damage, though it might
// not have been acknowledged: better so than to lose in silence.
//
// A header with one bad bit is mended by its checksum. Behind one that is worse
// than that, the next block is found by magic, generation and checksum; blocks
// carry positions, so what is lost in between is known exactly.
//
// # Recovery
//
// After a failed fsync or a power cut the page cache may show what is not on the
// disk, so a last segment without a seal is copied, block by block as they
// verify, to a new file of a new generation, which is sealed, fsynced and
// renamed over the old one. A crash on the way leaves the old one. Only this
// segment is read; opening takes as long for a terabyte as for a megabyte.
// Records lost before the copy stay a gap between positions, and are reported
// again whenever they are read past; the file they were lost from is kept beside
// the copy, with ".damaged" behind its name, until the segment is trimmed. A disk
// that has no room for the copy has the segment recovered where it is, see recoverInPlace.
//
// # Failures
//
// A failed write closes the segment as it stands: nothing is appended behind a
// write of which we do not know how much arrived. The batch goes to a fresh
// segment, whose first position tells where the old one ended. From the moment
// a file with first position P may exist, nothing at or above P is ever
// acknowledged in an older file. A failed fsync ends the spool.
//
// # Why zeros are written ahead
//
// Measured on ext4 on a virtual SSD, 6,000-byte blocks, one fdatasync each:
// 4,200/s into a growing file, 4,250/s after fallocate, 6,750/s into room
// written with zeros: after fallocate every first write still changes the
// extent tree, which makes the journal part of every fdatasync. The price is
// that every byte is written twice; the zeros are written behind the scenes.
//
// # Not done, and why
//
// Trimmed files are not used again in place of zeros: old blocks behind the end
// would spoil "zeros are torn". There is no index in memory: blocks are found by
// hopping from header to header, a few milliseconds per segment. The directory
// is not locked: the program's lock on its data directory covers it.
package segment
