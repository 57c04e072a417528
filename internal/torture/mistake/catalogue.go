package mistake

// All lists the mistakes. Rows name those that they must catch.
var All = []Mistake{
	{
		Name: "spool fsync left out", What: "a click is acknowledged after its block was written, without an fsync",
		Edits: []Edit{{
			File: "internal/engine/spool/segment/committer.go",
			Old:  `if err := s.active.file.SyncData(); err != nil {`,
			New:  `if err := error(nil); err != nil {`,
		}},
	},
	{
		Name: "ledger fsync left out", What: "SQLite commits with synchronous=OFF",
		Edits: []Edit{{
			File: "internal/engine/ledger/sqlite/connect.go",
			Old:  `PRAGMA synchronous = FULL;`,
			New:  `PRAGMA synchronous = OFF;`,
		}},
	},
	{
		Name: "directory fsync left out", What: "a new spool file is used before its name is on the disk",
		Edits: []Edit{{
			File: "internal/engine/spool/segment/roll.go",
			Old:  `if err := s.syncDir(); err != nil {`,
			New:  `if err := error(nil); err != nil {`,
		}},
	},
	{
		Name: "failed fsync ignored", What: "a click is acknowledged although the fsync of its block failed",
		Edits: []Edit{{
			File: "internal/engine/spool/segment/committer.go",
			Old:  `return s.die(fmt.Errorf("couldn't sync segment %s: %w", s.active.name, err))`,
			New:  `return nil`,
		}},
	},
	{
		Name: "click acknowledged early", What: "a click is acknowledged when its record is queued, before its block is written",
		Edits: []Edit{{
			File: "internal/engine/spool/segment/append.go",
			Old:  "b.done.Wait()\n\tfirst, err := b.first, b.err\n",
			New:  "first, err := spool.Position(0), error(nil)\n",
		}},
	},
	{
		Name: "conversion acknowledged early", What: "verdicts are told before COMMIT, which waits a moment for company",
		Edits: []Edit{{
			File: "internal/engine/ledger/sqlite/writer.go",
			Old:  "\t\tbegan := w.clock()\n",
			New:  "\t\tfor _, j := range batch {\n\t\t\tif j.run == nil {\n\t\t\t\tj.finish(j.err)\n\t\t\t}\n\t\t}\n\t\ttime.Sleep(2 * time.Millisecond)\n\t\tbegan := w.clock()\n",
		}},
	},
	{
		Name: "body checksum not checked", What: "a block of the spool is read whatever its body's checksum says",
		Edits: []Edit{{
			File: "internal/engine/spool/segment/walk.go",
			Old:  `if crc32.Checksum(stored, castagnoli) != h.bodyCRC {`,
			New:  `if crc32.Checksum(stored, castagnoli) != h.bodyCRC && false {`,
		}},
	},
	{
		Name: "page checksum not checked", What: "a page of the ledger is read whatever its checksums say",
		Edits: []Edit{{
			File: "internal/engine/ledger/sqlite/sums.go",
			Old:  "\tcase c == 0 && i == 0:\n",
			New:  "\tcase c|i >= 0:\n",
		}},
	},
	{
		Name: "header checksum not checked", What: "a block's header is believed whatever its checksum says",
		Edits: []Edit{{
			File: "internal/engine/spool/segment/block.go",
			Old:  "little.Uint32(src[4:]) != crc32.Checksum(src[8:headerSize], castagnoli) {",
			New:  "little.Uint32(src[4:]) != crc32.Checksum(src[8:headerSize], castagnoli) && false {",
		}},
		Test: Test{Package: "internal/engine/spool/segment", Name: "TestBitFlipsInLastBlock"},
		Why: "what a header says is held against its neighbours, the file's generation and the body's checksum as well, so that hardly any flipped bit " +
			"is served; the test turns each of a header",
	},
	{
		Name: "last block given up", What: "recovery takes the last good block of the spool for a torn one",
		Edits: []Edit{{
			File: "internal/engine/spool/segment/recover.go",
			Old:  "\t\tif cause == \"\" {\n",
			New:  "\t\tif _, _, behind := w.seek(w.off+h.size(), size); cause == \"\" && !behind {\n\t\t\treturn h, nil, false\n\t\t}\n\t\tif cause == \"\" {\n",
		}},
	},
	{
		Name: "migration in two transactions", What: "a ledger's new format and the number of it are committed one after the other",
		Edits: []Edit{
			{
				File: "internal/engine/ledger/sqlite/migrate.go",
				Old:  "\tdefer end(&err)\n",
				New:  "",
			},
			{
				File: "internal/engine/ledger/sqlite/migrate.go",
				Old:  "\tif err := sqlitex.ExecuteScript(conn, migrations[version-1], nil); err != nil {\n\t\treturn err\n\t}\n",
				New:  "\terr = sqlitex.ExecuteScript(conn, migrations[version-1], nil)\n\tif end(&err); err != nil {\n\t\treturn err\n\t}\n",
			},
		},
	},
	{
		Name: "mark before rows", What: "the warehouse's mark moves in a transaction of its own, before its rows",
		Edits: []Edit{{
			File: "internal/engine/warehouse/duckdb/load.go",
			Old:  "\tif _, err := w.child.Write(ctx, l.steps(mark)...); err != nil {\n",
			New: "\tsteps := l.steps(mark)\n\t_, err := w.child.Write(ctx, steps[:1]...)\n" +
				"\tif err == nil && len(steps) > 1 {\n\t\t_, err = w.child.Write(ctx, steps[1:]...)\n\t}\n\tif err != nil {\n",
		}},
	},
	{
		Name: "mark too far", What: "the loader's mark in the ledger stands one change too far, which shows after a restart",
		Edits: []Edit{{
			File: "internal/flow/loader/changes.go",
			Old:  "Next: uint64(last) + 1,",
			New:  "Next: uint64(last) + 2,",
		}},
	},
	{
		Name: "reads before it writes", What: "whether a conversion is there is read before the writer's turn, and nothing but that keeps it single",
		Edits: []Edit{
			{
				File: "internal/engine/ledger/sqlite/decide.go",
				Old:  "\tbare  bool //",
				New:  "\tknown bool\n\tbare  bool //",
			},
			{
				File: "internal/engine/ledger/sqlite/decide.go",
				Old:  "\tj.claim.remember(c)\n\tif err := l.queue.push(j); err != nil {\n",
				New: "\tj.claim.remember(c)\n\tif err := l.read(ctx, func(conn *sqlite.Conn) error {\n" +
					"\t\tstmt, err := conn.Prepare(\"SELECT 1 FROM conversions WHERE click = ?1 LIMIT 1\")\n\t\tif err != nil {\n\t\t\treturn err\n\t\t}\n" +
					"\t\tstmt.BindBytes(1, j.claim.click[:])\n\t\tj.claim.known, err = stmt.Step()\n\t\treturn errors.Join(err, stmt.Reset())\n" +
					"\t}); err != nil {\n\t\treturn ledger.Decision{}, err\n\t}\n\tif err := l.queue.push(j); err != nil {\n",
			},
			{
				File: "internal/engine/ledger/sqlite/decide.go",
				Old:  "known, err := w.hasRow(w.stmts.click, c.click[:])\n",
				New:  "known, err := c.known, error(nil)\n",
			},
			{
				File: "internal/engine/ledger/sqlite/decide.go",
				Old:  "\t\"context\"\n",
				New:  "\t\"context\"\n\t\"errors\"\n",
			},
			{
				File: "internal/engine/ledger/sqlite/migrations/0001_first.sql",
				Old:  "CREATE UNIQUE INDEX conversion_identity",
				New:  "CREATE INDEX conversion_identity",
			},
		},
	},
	{
		Name: "no drain", What: "SIGTERM ends the process without finishing what is under way",
		Edits: []Edit{{
			File: "internal/app/serve.go",
			Old:  "\t\ts.drain()\n",
			New:  "\t\ts.draining.Store(true)\n",
		}},
	},
	{
		Name: "ready to the end", What: "/readyz does not say that the process is ending",
		Edits: []Edit{
			{File: "internal/app/ready.go", Old: "if s.draining.Load() {", New: "if false {"},
			{File: "internal/edge/health.go", Old: "if e.draining.Load() {", New: "if false {"},
		},
	},
	{
		Name: "key in the log", What: "what is kept of a postback's target has its key in it",
		Edits: []Edit{{
			File: "internal/edge/record.go",
			Old:  `masker.AppendTarget(w.text[:0], h.RequestURI())`,
			New:  `append(w.text[:0], h.RequestURI()...)`,
		}},
	},
	{
		Name: "backup of the clicks first", What: "a backup copies the spool before the ledger, so conversions lack their clicks, and takes a moment between",
		Edits: []Edit{{
			File: "internal/flow/backup/make.go",
			Old:  "\t\tm.ledger,\n\t\tfunc(ctx context.Context) error { return m.spool(ctx, held) },\n",
			New:  "\t\tfunc(ctx context.Context) error { return m.spool(ctx, held) },\n\t\tfunc(context.Context) error { time.Sleep(500 * time.Millisecond); return nil },\n\t\tm.ledger,\n",
		}},
	},
	{
		Name: "overload not shed", What: "however long requests wait for the processor, none is refused",
		Edits: []Edit{{
			File: "internal/edge/overload.go",
			Old:  "if !o.refusing.Load() || o.left.Add(-1) >= 0 {",
			New:  "if true {",
		}},
	},
	{
		Name: "answer before the far commit", What: "an edge tells what became of a postback before the shared ledger has committed it", Cluster: true,
		Edits: []Edit{{
			File: "internal/engine/ledger/postgres/writer.go",
			Old:  "\t\terr := w.carryOut(batch)\n",
			New:  "\t\tfor _, j := range batch {\n\t\t\tj.finish(nil)\n\t\t}\n\t\terr := w.carryOut(batch)\n",
		}},
	},
	{
		Name: "shared mark before rows", What: "a source's mark is written to the shared warehouse before the rows of its batch", Cluster: true,
		Edits: []Edit{{
			File: "internal/engine/warehouse/clickhouse/load.go",
			Old:  "\tif err := l.rows(ctx); err != nil {\n\t\treturn err\n\t}\n\tif err := l.settle(ctx); err != nil {\n",
			New: "\tif err := w.insertNotes(ctx, s, st.markNote(b.Source, warehouse.Mark{Next: b.Next, State: b.State})); err != nil {\n\t\treturn err\n\t}\n" +
				"\tif err := l.rows(ctx); err != nil {\n\t\treturn err\n\t}\n\tif err := l.settle(ctx); err != nil {\n",
		}},
	},
	{
		Name: "rows without a key", What: "rows of a batch that is loaded a second time are rows of their own, and nothing tells that they were there", Cluster: true,
		Edits: []Edit{
			{
				File: "internal/engine/warehouse/clickhouse/schema.go",
				Old:  `clicks = table{name: "clicks", rank: "epoch", `,
				New:  `clicks = table{name: "clicks", plain: true, `,
			},
			{
				File: "internal/engine/warehouse/statement/clickhouse.go",
				Old:  `return table + " FINAL", where`,
				New: `if table == "clicks" {
			return table, where
		}
		return table + " FINAL", where`,
			},
		},
	},
	{
		Name: "settings not kept", What: "a node does not write down the settings that it knew last", Cluster: true,
		Edits: []Edit{{
			File: "internal/flow/catalog/cache.go",
			Old:  "\ts := c.cache.unsaved\n\tif s == nil {\n",
			New:  "\ts := c.cache.unsaved\n\tif s == nil || true {\n",
		}},
	},
}
