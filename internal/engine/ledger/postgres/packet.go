package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"homing"
)

// A transaction with claims goes to the server in one go:
//
//	BEGIN, bind the claims, lockTurn, decide, COMMIT, sync ──►
//
// The trap: a packet of some hundred claims is larger than what TCP sends at once
// after a rest, and the rest of it follows a round trip later, or two. If the lock
// stood before the claims in it, the turn would be held all that time, by a node on
// another continent, and everybody would wait. So the claims are bound before: what
// comes behind the lock is some bytes. A statement that writes sees what was
// committed before it is executed, not before it is bound.
//
// That is why the messages are written here, one by one: the driver's batches bind
// each statement right before it is executed.

// claimsPortal is what the claims are bound to. It ends with the transaction.
const claimsPortal = "homing_claims"

var binaryFormat = []int16{1}

// send carries out one transaction that decides. On an error that is not the
// server's own the connection is given up, and whether it was committed is not known.
func (w *writer) send(ctx context.Context, a *asked, writes int, decide string, params [][]byte) error {
	conn := w.conn.PgConn()
	forgetNotice(conn)
	began := w.clock()
	// A moment that is over ends whatever waits on the connection.
	unwatch := context.AfterFunc(ctx, func() { _ = conn.Conn().SetDeadline(time.Unix(1, 0)) })
	writePacket(conn.Frontend(), decide, params)
	err := conn.Frontend().Flush()
	if err == nil {
		err = a.read(conn)
	}
	inTime := unwatch()
	if serversOwn := stateOf(err) != ""; !inTime || err != nil && !serversOwn || conn.IsClosed() {
		w.drop()
	}
	if err != nil {
		return err
	}
	if err := noticed(conn); err != nil {
		return err
	}
	w.committed(writes, w.clock().Sub(began))
	return nil
}

func writePacket(to *pgproto3.Frontend, decide string, params [][]byte) {
	whole := func(statement string) {
		to.SendBind(&pgproto3.Bind{PreparedStatement: statement})
		to.SendExecute(&pgproto3.Execute{})
	}
	whole("homing_begin")
	to.SendBind(&pgproto3.Bind{
		DestinationPortal: claimsPortal, PreparedStatement: decide,
		ParameterFormatCodes: binaryFormat, Parameters: params, ResultFormatCodes: binaryFormat,
	})
	whole("homing_turn")
	to.SendExecute(&pgproto3.Execute{Portal: claimsPortal})
	whole("homing_commit")
	to.SendSync(&pgproto3.Sync{})
}

// read takes the answers in, up to the last. Whatever goes wrong, it is not
// committed for sure.
func (a *asked) read(conn *pgconn.PgConn) (err error) {
	last, rows := "", 0
	for ended := false; !ended; {
		message, receiveErr := conn.ReceiveMessage(context.Background()) // see send for its time
		if receiveErr != nil {
			return errors.Join(err, lostAnswer(receiveErr))
		}
		switch message := message.(type) {
		case *pgproto3.DataRow:
			if len(message.Values) == 8 && err == nil { // the lock has rows, too
				err = a.take(message.Values)
				rows++
			}
		case *pgproto3.CommandComplete:
			last = string(message.CommandTag)
		case *pgproto3.ErrorResponse:
			if err == nil {
				err = pgconn.ErrorResponseToPgError(message)
			}
		case *pgproto3.ReadyForQuery:
			ended = true
		}
	}
	switch {
	case err != nil:
		return err
	case last != "COMMIT":
		return fmt.Errorf("%w: the server ended the transaction with %q", homing.ErrUnavailable, last)
	case rows != len(a.leaders):
		return fmt.Errorf("the server decided %d of %d claims", rows, len(a.leaders))
	}
	return nil
}

// lostAnswer is an error of receiving. The driver says of each that it is safe to
// ask again, which it is not: what was sent may have been carried out.
func lostAnswer(err error) error {
	return fmt.Errorf("%w: the server's answer did not come: %v", homing.ErrUnavailable, err)
}
