package panel

import (
	"bytes"
	"cmp"
	"context"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"homing"
	"homing/internal/desk/panel/page"
	"homing/internal/desk/panel/paneltest"
	"homing/internal/desk/panel/walktest"
)

// TestPictures takes the pictures of docs/ into the folder that
// HOMING_TEST_PICTURES names; make pictures does it. They are to be looked at.
func TestPictures(t *testing.T) {
	dir := os.Getenv("HOMING_TEST_PICTURES")
	if dir == "" {
		t.Skip("set HOMING_TEST_PICTURES to a folder to take the pictures of docs/")
	}
	h := newHouse(t)
	h.Public = "https://t.example.com"
	h.Pass(6*time.Hour + 50*time.Minute) // an afternoon has something to show
	ctx := walktest.Open(t).Ctx
	take := func(name, path string, b *paneltest.Browser) {
		t.Helper()
		picture := h.view(ctx, b, path)
		h.Must(os.WriteFile(filepath.Join(dir, name+"-light-1440.png"), picture, 0o644))
		if len(picture) > 150_000 {
			t.Errorf("%s weighs %d bytes", name, len(picture))
		}
	}
	op := h.Operator()
	first := h.Account("Harbour Books")
	h.Campaign(first.ID, "Brand search")
	take("home", "/start", op)

	account, campaign := h.outfitters()
	mara := h.Advertiser(account.ID, "mara@outfitters.example")
	take("overview", "/overview?account="+account.ID.String(), op)
	take("campaign", page.CampaignPath(campaign.ID), op)
	take("tracking", page.TrackingPath(account.ID)+"?tracker=voluum&campaign="+campaign.ID.String()+"#connect", mara)
	take("postbacks", "/postbacks", mara)

	made, err := h.Trials.Begin(h.Context(), h.Catalog.View().Campaign(campaign.ID), map[string]string{"site_id": "9001"})
	h.Must(err)
	h.Pass(50 * time.Second)
	h.Call(campaign, func(p *homing.Postback) {
		p.Click, p.Origin = made.Click.ID, made.Click.Origin
		p.Target = "/api/v1/cpa/action/" + made.Click.ID.String() + "?value=2.10&account=" + account.PublicID
		p.Verdict.Flags = homing.FlagTest
	})
	h.Pass(4 * time.Second)
	take("test", page.AdvertiserPath(account.ID)+"/test/"+made.Click.ID.String()+"#heard", mara)
}

// outfitters is the demo, with a name like any other, and its first campaign.
func (h *stage) outfitters() (homing.Account, homing.Campaign) {
	h.T.Helper()
	h.Must(h.Demo.Fill("test"))
	for h.Demo.State().Running {
		time.Sleep(10 * time.Millisecond)
	}
	h.Load()
	a := h.Demo.State().Account
	account, err := h.Catalog.UpdateAccount(h.Context(), "test", a.ID, func(a *homing.Account) { a.Name = "Northwind Outfitters" })
	h.Must(err)
	campaign, err := h.Catalog.UpdateCampaign(h.Context(), "test", h.Catalog.View().CampaignsOf(a.ID)[0].ID, func(c *homing.Campaign) {
		c.URL = "https://outfitters.example/spring?external_id={click_id}&source={site_id}"
	})
	h.Must(err)
	return account, campaign
}

// view is what b's window of 1440 by 900 shows of a page, as a PNG of few
// colours.
func (h *stage) view(ctx context.Context, b *paneltest.Browser, path string) []byte {
	h.T.Helper()
	h.Must(chromedp.Do(ctx, chromedp.EmulateViewport(1440, 900), walktest.As(h.House, b, "light"),
		chromedp.Navigate(h.Server.URL+path), chromedp.Sleep(300*time.Millisecond)))
	shot, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	h.Must(err)
	picture, err := png.Decode(bytes.NewReader(shot))
	h.Must(err)
	var out bytes.Buffer
	h.Must((&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, fewColours(picture)))
	return out.Bytes()
}

// fewColours gives the picture the 256 colours that it has most of. What stands
// between them is the edge of letters.
func fewColours(picture image.Image) *image.Paletted {
	count := map[color.RGBA]int{}
	b := picture.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			count[color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(count), func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(uint32(a.R)<<16|uint32(a.G)<<8|uint32(a.B), uint32(b.R)<<16|uint32(b.G)<<8|uint32(b.B)))
	})
	var palette color.Palette
	for _, c := range colours[:min(len(colours), 256)] {
		palette = append(palette, c)
	}
	few, nearest := image.NewPaletted(b, palette), map[color.RGBA]uint8{}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA)
			i, ok := nearest[c]
			if !ok {
				i = uint8(palette.Index(c))
				nearest[c] = i
			}
			few.SetColorIndex(x, y, i)
		}
	}
	return few
}
