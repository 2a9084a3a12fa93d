package pages

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

func picture(w, h int) image.Image {
	m := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.Black, color.White})
	m.SetColorIndex(0, 0, 1)
	return m
}

func pngOf(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, picture(w, h)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// hugePNG says that it is of this size; only its header is written.
func hugePNG(w, h uint32) []byte {
	chunk := []byte("IHDR")
	chunk = binary.BigEndian.AppendUint32(chunk, w)
	chunk = binary.BigEndian.AppendUint32(chunk, h)
	chunk = append(chunk, 8, 6, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), chunk...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(chunk))
}

func jpegOf(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(3, 2), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gifOf(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gif.Encode(&b, picture(3, 2), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// webpOf is the head of a WebP file with one chunk. The lengths in it, which
// nobody reads here, are 0.
func webpOf(fourcc string, chunk ...byte) []byte {
	b := []byte("RIFF\x00\x00\x00\x00WEBP" + fourcc + "\x00\x00\x00\x00")
	return append(b, chunk...)
}

func TestCheckLogo(t *testing.T) {
	whole := pngOf(t, 3, 2)
	for _, tt := range []struct {
		name string
		data []byte
		want string // "" is refused
	}{
		{"nothing", nil, ""},
		{"SVG", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), ""},
		{"SVG behind an XML head", []byte(`<?xml version="1.0"?><svg/>`), ""},
		{"HTML", []byte("<!doctype html><script>alert(1)</script>"), ""},
		{"text", []byte("logo"), ""},
		{"a bitmap", []byte("BM" + strings.Repeat("\x00", 60)), ""},
		{"an icon", append([]byte{0, 0, 1, 0}, make([]byte, 60)...), ""},
		{"a PDF", []byte("%PDF-1.7\n"), ""},
		{"the first bytes of a PNG", whole[:16], ""},
		{"PNG that begins with a blank", append([]byte(" "), whole...), ""},
		{"one byte too large", append(bytes.Clone(whole), make([]byte, maxLogo+1-len(whole))...), ""},
		{"as large as may be", append(bytes.Clone(whole), make([]byte, maxLogo-len(whole))...), "image/png"},
		{"too wide", hugePNG(4097, 10), ""},
		{"too high", hugePNG(10, 4097), ""},
		{"huge", hugePNG(1<<31-1, 1<<31-1), ""},
		{"as wide and high as may be", hugePNG(4096, 4096), "image/png"},
		{"PNG", whole, "image/png"},
		{"JPEG", jpegOf(t), "image/jpeg"},
		{"GIF", gifOf(t), "image/gif"},
		{"WebP, extended", webpOf("VP8X", 0, 0, 0, 0, 99, 0, 0, 49, 0, 0), "image/webp"},
		{"WebP, extended and too wide", webpOf("VP8X", 0, 0, 0, 0, 0, 0x10, 0, 49, 0, 0), ""},
		{"WebP, lossless", webpOf("VP8L", 0x2f, 99, 0x40, 0x0c, 0, 0, 0, 0, 0, 0), "image/webp"},
		{"WebP, lossless without its mark", webpOf("VP8L", 0x2e, 99, 0x40, 0x0c, 0, 0, 0, 0, 0, 0), ""},
		{"WebP, lossy", webpOf("VP8 ", 0, 0, 0, 0x9d, 1, 0x2a, 100, 0, 50, 0), "image/webp"},
		{"WebP, lossy without its mark", webpOf("VP8 ", 0, 0, 0, 0x9d, 1, 0x2b, 100, 0, 50, 0), ""},
		{"WebP, lossy and empty", webpOf("VP8 ", 0, 0, 0, 0x9d, 1, 0x2a, 0, 0, 50, 0), ""},
		{"WebP, another chunk", webpOf("ICCP", 0, 0, 0, 0, 99, 0, 0, 49, 0, 0), ""},
		{"WebP, cut", webpOf("VP8X", 0, 0, 0, 0, 99, 0, 0, 49, 0), ""},
	} {
		got, err := CheckLogo(tt.data)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: %q, %v; want %q", tt.name, got, err, tt.want)
		}
	}
}

func TestWebPSizes(t *testing.T) {
	for name, data := range map[string][]byte{
		"extended": webpOf("VP8X", 0, 0, 0, 0, 99, 0, 0, 49, 0, 0),
		"lossless": webpOf("VP8L", 0x2f, 99, 0x40, 0x0c, 0, 0, 0, 0, 0, 0),
		"lossy":    webpOf("VP8 ", 0, 0, 0, 0x9d, 1, 0x2a, 100, 0, 50, 0),
	} {
		if _, size, err := measureLogo(data); err != nil || size != image.Pt(100, 50) {
			t.Errorf("%s: %v, %v", name, size, err)
		}
	}
}

func FuzzCheckLogo(f *testing.F) {
	f.Add(webpOf("VP8X", 0, 0, 0, 0, 99, 0, 0, 49, 0, 0))
	f.Add(webpOf("VP8L", 0x2f, 99, 0x40, 0x0c, 0, 0, 0, 0, 0, 0))
	f.Add(webpOf("VP8 ", 0, 0, 0, 0x9d, 1, 0x2a, 100, 0, 50, 0))
	f.Add(hugePNG(9, 9))
	f.Add(hugePNG(9, maxLogoSides+1))
	f.Add([]byte("GIF89a\x09\x00\x09\x00\x00\x00\x00"))
	f.Add([]byte("\xff\xd8\xff\xc0\x00\x0b\x08\x00\x09\x00\x09\x01\x01\x11\x00\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		contentType, size, err := measureLogo(data)
		if err == nil && (!strings.HasPrefix(contentType, "image/") || min(size.X, size.Y) < 1 || max(size.X, size.Y) > maxLogoSides) {
			t.Errorf("%q of %v is accepted", contentType, size)
		}
	})
}

func askLogo(t *testing.T, p *Pages, method string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/easyauth/logo", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	p.Logo().ServeHTTP(w, r)
	return w
}

func TestLogo(t *testing.T) {
	data := pngOf(t, 40, 40)
	p := branded(t, Brand{Name: "Contoso", Logo: data})
	w := askLogo(t, p, http.MethodGet)
	if w.Code != http.StatusOK || !bytes.Equal(w.Body.Bytes(), data) {
		t.Errorf("%d, %d bytes", w.Code, w.Body.Len())
	}
	for key, want := range map[string]string{
		"Content-Type": "image/png", "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox",
		"Cache-Control": "public, max-age=3600", "Content-Length": strconv.Itoa(len(data)), "Set-Cookie": "",
	} {
		if got := w.Header().Get(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	tag := w.Header().Get("ETag")
	for _, tt := range []struct {
		name   string
		method string
		header []string
		status int
		body   bool
	}{
		{"HEAD", http.MethodHead, nil, 200, false},
		{"the same", http.MethodGet, []string{"If-None-Match", tag}, 304, false},
		{"another", http.MethodGet, []string{"If-None-Match", `"x"`}, 200, true},
		{"POST", http.MethodPost, nil, 405, true},
		{"OPTIONS", http.MethodOptions, nil, 405, true},
	} {
		if w := askLogo(t, p, tt.method, tt.header...); w.Code != tt.status || (w.Body.Len() > 0) != tt.body {
			t.Errorf("%s: %d with %d bytes", tt.name, w.Code, w.Body.Len())
		}
	}
	if tag == "" || askLogo(t, branded(t, Brand{Logo: pngOf(t, 41, 40)}), http.MethodGet).Header().Get("ETag") == tag {
		t.Errorf("another picture has the same tag %q", tag)
	}
}

func TestNoLogo(t *testing.T) {
	w := askLogo(t, branded(t, Brand{Name: "Contoso"}), http.MethodGet)
	if w.Code != http.StatusNotFound || w.Header().Get("Cache-Control") != "no-store" || strings.HasPrefix(w.Header().Get("Content-Type"), "image/") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}
