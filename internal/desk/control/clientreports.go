package control

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/url"
	"strconv"

	"homing"
)

// Report answers a report as the API does, see report.Parse for the parameters.
// It holds all that was acknowledged before, or its notes say what it lacks.
func (c *Client) Report(ctx context.Context, parameters url.Values) (json.RawMessage, error) {
	return ask[json.RawMessage](ctx, c, "GET", "report?"+parameters.Encode(), nil)
}

// WriteReport writes a report as "table", for people, or as a file: "csv",
// "jsonl" or "parquet". The notes say what the file lacks.
func (c *Client) WriteReport(ctx context.Context, format string, parameters url.Values, w io.Writer) (notes []string, err error) {
	return c.drink(ctx, "report/"+url.PathEscape(format), parameters, w)
}

// Export writes the rows of a table, "clicks", "postbacks" or "conversions", as
// "csv", "jsonl" or "parquet"; see report.ParseList for the parameters.
func (c *Client) Export(ctx context.Context, table, format string, parameters url.Values, w io.Writer) (notes []string, err error) {
	return c.drink(ctx, "export/"+url.PathEscape(table)+"/"+url.PathEscape(format), parameters, w)
}

// Warehouse tells how the warehouse is doing.
func (c *Client) Warehouse(ctx context.Context) (WarehouseStatus, error) {
	return ask[WarehouseStatus](ctx, c, "GET", "warehouse", nil)
}

// RebuildWarehouse makes the warehouse again, and tells how far it is until it
// is done.
func (c *Client) RebuildWarehouse(ctx context.Context) iter.Seq2[Rebuilding, error] {
	return listBy[Rebuilding](ctx, c, "POST", "warehouse/rebuild")
}

// Places tells what the configured files say of an address.
func (c *Client) Places(ctx context.Context, addr string) (Places, error) {
	return ask[Places](ctx, c, "GET", "places/"+url.PathEscape(addr), nil)
}

// Tokens lists the tokens of the HTTP API, without their text.
func (c *Client) Tokens(ctx context.Context) ([]Token, error) {
	return ask[[]Token](ctx, c, "GET", "tokens", nil)
}

// MakeToken makes a token; the answer has its text.
func (c *Client) MakeToken(ctx context.Context, t TokenRequest) (Token, error) {
	return ask[Token](ctx, c, "POST", "tokens", t)
}

// RevokeToken ends a token at once.
func (c *Client) RevokeToken(ctx context.Context, id homing.TokenID) (Token, error) {
	return ask[Token](ctx, c, "DELETE", "tokens/"+strconv.FormatUint(uint64(id), 10), nil)
}

// EraseClick forgets a click: text is its id, or holds it.
func (c *Client) EraseClick(ctx context.Context, text string) (ClickErasure, error) {
	return ask[ClickErasure](ctx, c, "POST", "erase/click", TraceRequest{text})
}
