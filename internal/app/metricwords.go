package app

// metricKind is what Prometheus calls the type.
type metricKind string

const (
	counter   metricKind = "counter"
	gauge     metricKind = "gauge"
	histogram metricKind = "histogram"
	summary   metricKind = "summary"
)

// metricWord says what a metric means. docs/metrics.md is written from these.
type metricWord struct {
	name   string
	kind   metricKind
	labels string // by commas, without le and quantile
	help   string
	// unless says when it is missing; empty = it is always there.
	unless string
}

const onlyLinux = "elsewhere than on Linux"

// metricWords are all metrics, in the order of /metrics.
var metricWords = []metricWord{
	{"homing_build_info", gauge, "commit, go, version", "Always 1; the labels say which program runs.", ""},
	{"homing_ready", gauge, "", "1 if requests should be sent here, as /readyz says: not while it ends, and not while nothing can be made durable.", ""},

	{"homing_clicks_total", counter, "class", "Clicks that were redirected with a click id, by class. Only billable ones are.", ""},
	{"homing_clicks_refused_total", counter, "reason", "Requests for a click URL that were no click: an unknown slug, a paused campaign, a request that is not taken.", ""},
	{"homing_clicks_fallback_total", counter, "", "Visitors of unknown or paused campaigns that were sent to --fallback-url.", ""},
	{"homing_clicks_unrecorded_total", counter, "", "Visitors who were sent on although their click could not be recorded (--on-spool-failure redirect). Their rows are missing from reports for good.", ""},
	{"homing_postbacks_total", counter, "outcome, reason", "Postbacks that got a verdict. docs/reasons.md explains the reasons.", ""},
	{"homing_postbacks_too_many_total", counter, "", "Refused postbacks that were answered 429, because their address guesses ids or keys; they are in homing_postbacks_total, too.", ""},
	{"homing_postbacks_only_counted_total", counter, "", "Refused postbacks that the log keeps as a number only, because over a thousand came in a second or the disk had no room.", ""},
	{"homing_unavailable_total", counter, "cause, door", "Clicks and postbacks that were answered 503, because they could not be made durable, too much was under way, or the processor could not keep up.", ""},
	{"homing_request_seconds", histogram, "door", "How long clicks and postbacks took to answer, from the whole request to the whole answer. Those that were turned away for --max-requests, or because the processor could not keep up, are not in it.", ""},
	{"homing_requests_under_way", gauge, "", "Clicks and postbacks that are being worked on now.", ""},
	{"homing_connections", gauge, "", "Connections of the tracking listeners that are open now.", ""},
	{"homing_connections_refused_total", counter, "limit", "Connections that were turned away with 503, by the limit they were beyond: --max-conns (all) or --conns-per-addr (address).", ""},
	{"homing_http_refused_total", counter, "reason", "Requests to the tracking listeners that could not be read as HTTP.", ""},
	{"homing_panics_total", counter, "", "Requests that ran into a fault of the program. They were answered 503; the log has where.", ""},
	{"homing_keys_over_http_total", counter, "", "Postbacks that carried a valid key over plain http, where others can read it.", ""},
	{"homing_untrusted_proxies", gauge, "network", "Peers that sent X-Forwarded-For or X-Forwarded-Proto since the start and are not in --trusted-proxies. In a private network it is probably your own proxy.", ""},

	{"homing_spool_records_total", counter, "", "Records that the spool has made durable since it was made: clicks, repeated and refused postbacks.", ""},
	{"homing_spool_kept_records", gauge, "", "Records that the spool still keeps.", ""},
	{"homing_spool_oldest_timestamp_seconds", gauge, "", "Time of the oldest record that the spool keeps. Records go when their day is archived, after two days at the earliest.", "the spool is empty"},
	{"homing_spool_bytes", gauge, "", "Disk that the spool takes, prepared room included.", ""},
	{"homing_spool_damages", gauge, "", "Stretches of the spool that are known to be unreadable. The log, /readyz and the panel name the places.", ""},
	{"homing_spool_lost_records", gauge, "", "Records in these stretches.", ""},
	{"homing_spool_commit_seconds", histogram, "", "How long the spool took to write and fsync a block of records. Every click waits for one or two of these.", ""},
	{"homing_ledger_bytes", gauge, "", "Disk that the ledger takes, with its log and its ballast.", ""},
	{"homing_ledger_damages", gauge, "", "Damages of the ledger that are known. The log, /readyz and the panel name them.", ""},
	{"homing_ledger_commit_seconds", histogram, "", "How long the ledger took to commit, with the fsync. Every postback that counts waits for one or two of these.", ""},
	{"homing_ledger_writes_total", counter, "", "Writes that the ledger's commits carried: postbacks that asked for a decision, settings, and others.", ""},
	{"homing_ledger_up", gauge, "", "1 if the ledger answered when it was asked last. An embedded one is always there; while one on a server is away, postbacks are answered 503 and clicks go on.", ""},
	{"homing_nodes", gauge, "role", "Nodes of the cluster that told of themselves in the last half minute, by role.", ""},
	{"homing_duty_held", gauge, "duty", "1 if this node does what one node of the cluster does for all: ledger-loader brings conversions into reports, housekeeping sees to days and notices. Some node should always have each; on one machine it is that.", ""},
	{"homing_disk_free_bytes", gauge, "", "What may still be written on the disk of the data directory.", "the disk did not tell"},
	{"homing_disk_size_bytes", gauge, "", "Size of the disk of the data directory.", "the disk did not tell"},
	{"homing_disk_full_in_seconds", gauge, "", "When that disk is full at the growth that was seen, in the last week at most. +Inf if it does not fill up, and while nothing can be foretold yet.", "the disk did not tell"},

	{"homing_node", gauge, "", "Node number that click ids are minted under.", ""},
	{"homing_lease_margin_seconds", gauge, "", "How much longer click ids can be minted if the ledger takes nothing from now on. About 20 in good order, 3600 with --on-spool-failure redirect; at 0 clicks are answered 503.", ""},
	{"homing_clock_steps_total", counter, "", "Times that the machine's clock was set by half a second or more, in either direction, since the start. A machine that was asleep counts, too.", ""},
	{"homing_master_key_age_seconds", gauge, "", "How long the master key is in use that click ids are sealed with. After a year the next one is made.", ""},
	{"homing_memory_limit_bytes", gauge, "", "What the machine has of memory, or the control group that homing runs in may take, whichever is less.", onlyLinux},

	{"homing_warehouse_up", gauge, "", "1 if the process that answers reports is up. Clicks and postbacks do not need it.", ""},
	{"homing_warehouse_bytes", gauge, "", "Disk that the warehouse takes.", ""},
	{"homing_warehouse_memory_bytes", gauge, "", "Memory that the warehouse's process holds; 0 if it is not known.", ""},
	{"homing_warehouse_incidents", gauge, "", "Troubles of the warehouse that are over, of the newest twenty since the start.", ""},
	{"homing_loader_behind_records", gauge, "", "Records of the spool that are not in reports yet.", ""},
	{"homing_loader_behind_seconds", gauge, "", "How old the oldest of them is; 0 if nothing waits.", ""},
	{"homing_loader_rows_per_second", gauge, "", "Rows loaded a second, over the last ten seconds.", ""},
	{"homing_loader_unread_records_total", counter, "", "Records that could not be understood since the start. They are not in reports.", ""},
	{"homing_loader_notices", gauge, "", "What is wrong with loading and archiving, and what was in the last day. The panel's system page has the words.", ""},

	{"homing_backup_last_seconds", gauge, "", "When the last backup was finished, in Unix seconds; 0 if there was none.", ""},
	{"homing_notices", gauge, "kind", "Notices that stand now, by kind (docs/notices.md), of all advertisers and of the installation.", ""},
	{"homing_messages_undelivered", gauge, "", "Mails and webhook calls about notices that could not be delivered yet, or were given up in the last week.", ""},
	{"homing_certificate_expiry_timestamp_seconds", gauge, "file, listener, ours", "When a certificate that is served ends. ours=\"true\" is the self-signed one, which homing renews.", "https is switched off"},

	{"go_sched_latencies_seconds", histogram, "", "How long goroutines that could run waited for a processor. Without sum and count.", ""},
	{"go_mutex_wait_seconds_total", counter, "", "Time that goroutines were blocked on mutexes, all of them together.", ""},
	{"go_gc_mark_assist_cpu_seconds_total", counter, "", "CPU time that goroutines spent on helping the garbage collector.", ""},
	{"go_gc_cpu_seconds_total", counter, "", "CPU time of the garbage collector.", ""},
	{"go_gc_pauses_seconds", histogram, "", "How long the garbage collector stopped everything. Without sum and count.", ""},
	{"go_scavenge_cpu_seconds_total", counter, "", "CPU time for giving memory back to the system.", ""},
	{"go_memlimit_bytes", gauge, "", "What GOMEMLIMIT allows; the largest number there is if it is not set.", ""},
	{"go_memstats_alloc_bytes", gauge, "", "Memory of objects on the heap, dead ones included until they are collected.", ""},
	{"go_memstats_alloc_bytes_total", counter, "", "Memory that was ever allocated on the heap.", ""},
	{"go_memstats_buck_hash_sys_bytes", gauge, "", "Memory of the profiler's tables.", ""},
	{"go_memstats_frees_total", counter, "", "Objects on the heap that were freed.", ""},
	{"go_memstats_gc_cpu_fraction", gauge, "", "Share of the CPU that the garbage collector took since the start.", ""},
	{"go_memstats_gc_sys_bytes", gauge, "", "Memory of the garbage collector's own.", ""},
	{"go_memstats_heap_alloc_bytes", gauge, "", "The same as go_memstats_alloc_bytes.", ""},
	{"go_memstats_heap_idle_bytes", gauge, "", "Heap without objects.", ""},
	{"go_memstats_heap_inuse_bytes", gauge, "", "Heap with objects.", ""},
	{"go_memstats_heap_objects", gauge, "", "Objects on the heap.", ""},
	{"go_memstats_heap_released_bytes", gauge, "", "Heap that was given back to the system.", ""},
	{"go_memstats_heap_sys_bytes", gauge, "", "Heap that was asked of the system.", ""},
	{"go_memstats_last_gc_time_seconds", gauge, "", "When the last garbage collection ended, in Unix seconds.", ""},
	{"go_memstats_lookups_total", counter, "", "Always 0.", ""},
	{"go_memstats_mallocs_total", counter, "", "Objects that were ever allocated on the heap.", ""},
	{"go_memstats_mcache_inuse_bytes", gauge, "", "Memory in use for caches of the allocator.", ""},
	{"go_memstats_mcache_sys_bytes", gauge, "", "Memory asked of the system for them.", ""},
	{"go_memstats_mspan_inuse_bytes", gauge, "", "Memory in use for spans of the allocator.", ""},
	{"go_memstats_mspan_sys_bytes", gauge, "", "Memory asked of the system for them.", ""},
	{"go_memstats_next_gc_bytes", gauge, "", "Size of the heap at which the next garbage collection begins.", ""},
	{"go_memstats_other_sys_bytes", gauge, "", "Memory of the runtime for other things.", ""},
	{"go_memstats_stack_inuse_bytes", gauge, "", "Memory in use for stacks.", ""},
	{"go_memstats_stack_sys_bytes", gauge, "", "Memory asked of the system for stacks.", ""},
	{"go_memstats_sys_bytes", gauge, "", "Memory that the Go runtime asked of the system, in all.", ""},
	{"go_cgo_calls_count", counter, "", "Calls into C.", ""},
	{"go_cpu_count", gauge, "", "Processors that the process may run on.", ""},
	{"go_gc_duration_seconds", summary, "", "Pauses of the newest 256 garbage collections.", ""},
	{"go_gc_forced_count", counter, "", "Garbage collections that the program asked for.", ""},
	{"go_gomaxprocs", gauge, "", "Processors that Go code runs on at once.", ""},
	{"go_goroutines", gauge, "", "Goroutines.", ""},
	{"go_threads", gauge, "", "Threads that the runtime made.", ""},
	{"go_info", gauge, "version", "Always 1; the version of Go.", ""},
	{"go_info_ext", gauge, "GOARCH, GOOS, GOROOT, compiler", "Always 1; what Go compiled for.", ""},

	{"process_cpu_seconds_total", counter, "", "CPU time of the process, the warehouse's not included.", onlyLinux},
	{"process_cpu_seconds_system_total", counter, "", "The part of it that was spent in the kernel.", onlyLinux},
	{"process_cpu_seconds_user_total", counter, "", "The part of it that was spent in the program.", onlyLinux},
	{"process_major_pagefaults_total", counter, "", "Page faults that had to read a disk.", onlyLinux},
	{"process_minor_pagefaults_total", counter, "", "Page faults that did not.", onlyLinux},
	{"process_num_threads", gauge, "", "Threads of the process.", onlyLinux},
	{"process_start_time_seconds", gauge, "", "When the process was started, in Unix seconds.", onlyLinux},
	{"process_resident_memory_bytes", gauge, "", "Memory that the process has in use, the warehouse's process not included.", onlyLinux},
	{"process_resident_memory_peak_bytes", gauge, "", "The most it ever had in use.", onlyLinux},
	{"process_resident_memory_anon_bytes", gauge, "", "The part of it that is the process's own.", onlyLinux},
	{"process_resident_memory_file_bytes", gauge, "", "The part of it that is pages of files.", onlyLinux},
	{"process_resident_memory_shared_bytes", gauge, "", "The part of it that is shared memory.", onlyLinux},
	{"process_virtual_memory_bytes", gauge, "", "Address space that is mapped.", onlyLinux},
	{"process_virtual_memory_peak_bytes", gauge, "", "The most that ever was.", onlyLinux},
	{"process_io_read_bytes_total", counter, "", "Bytes that were read by system calls.", onlyLinux},
	{"process_io_written_bytes_total", counter, "", "Bytes that were written by system calls.", onlyLinux},
	{"process_io_read_syscalls_total", counter, "", "System calls that read.", onlyLinux},
	{"process_io_write_syscalls_total", counter, "", "System calls that write.", onlyLinux},
	{"process_io_storage_read_bytes_total", counter, "", "Bytes that were read from a disk.", onlyLinux},
	{"process_io_storage_written_bytes_total", counter, "", "Bytes that were written to a disk.", onlyLinux},
	{"process_max_fds", gauge, "", "Open files that the process may have (LimitNOFILE).", onlyLinux},
	{"process_open_fds", gauge, "", "Open files that the process has, sockets included.", onlyLinux},
}
