// Package wire speaks with ClickHouse servers: statements out, blocks of columns
// in and out, over their HTTP interface.
//
//	Query  ──► POST statement            ──► blocks in Native format ──► Rows
//	Insert ──► POST blocks, ?query=INSERT … ──► done
//	Exec   ──► POST statement            ──► done
//
// HTTP and not the native protocol: all versions from 18.16 on take the same
// requests and give the same blocks, load balancers understand it, it needs
// nothing that Go does not bring, and what has no server around it, such as the
// engine as a library, is given one in a page of code.
//
// Answers are asked for with wait_end_of_query: a statement that fails in its
// middle is then an error, and not half an answer.
//
// Several hosts stand for one another. The one that answered last is asked; when
// it cannot be reached, or says that it cannot write now, the next one is. That
// may carry a statement out twice, so statements must bear it.
package wire
