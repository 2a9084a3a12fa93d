package pages

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"net/http"
	"time"
)

// Limits of a logo. A small file can hold a huge picture, which would stop the
// browser of everybody who signs in.
const (
	maxLogo      = 256 << 10 // bytes
	maxLogoSides = 4096      // pixels, each side
)

// CheckLogo returns the media type of a logo, read from its bytes: image/png,
// image/jpeg, image/gif or image/webp. Everything else is an error (an SVG can
// hold scripts), and so is an empty file, one of more than 256 KB, a picture
// whose size cannot be read, and one of more than 4,096 pixels in width or
// height. It does not decode the whole picture.
func CheckLogo(data []byte) (contentType string, err error) {
	contentType, _, err = measureLogo(data)
	return contentType, err
}

func measureLogo(data []byte) (contentType string, size image.Point, err error) {
	if len(data) == 0 || len(data) > maxLogo {
		return "", size, fmt.Errorf("a logo has 1 to %d bytes, this has %d", maxLogo, len(data))
	}
	var cfg image.Config
	r := bytes.NewReader(data)
	switch contentType = http.DetectContentType(data); contentType {
	case "image/png":
		cfg, err = png.DecodeConfig(r)
	case "image/jpeg":
		cfg, err = jpeg.DecodeConfig(r)
	case "image/gif":
		cfg, err = gif.DecodeConfig(r)
	case "image/webp":
		cfg, err = webpConfig(data)
	default:
		return "", size, errors.New("a logo is a PNG, JPEG, GIF or WebP picture")
	}
	if err != nil {
		return "", size, fmt.Errorf("read the logo's width and height: %w", err)
	}
	size = image.Pt(cfg.Width, cfg.Height)
	if min(size.X, size.Y) < 1 || max(size.X, size.Y) > maxLogoSides {
		return "", size, fmt.Errorf("a logo has 1 to %d pixels in width and height, this has %d and %d", maxLogoSides, size.X, size.Y)
	}
	return contentType, size, nil
}

// webpConfig reads the size from the first chunk of a WebP file (RFC 9649,
// section 2.5 to 2.7).
func webpConfig(data []byte) (image.Config, error) {
	const header, bits14 = 20, 1<<14 - 1
	if len(data) < header+10 {
		return image.Config{}, errors.New("the file ends too early")
	}
	chunk := data[header:]
	switch string(data[12:16]) {
	case "VP8X":
		w := int(chunk[4]) | int(chunk[5])<<8 | int(chunk[6])<<16
		h := int(chunk[7]) | int(chunk[8])<<8 | int(chunk[9])<<16
		return image.Config{Width: w + 1, Height: h + 1}, nil
	case "VP8L":
		if chunk[0] != 0x2f {
			break
		}
		packed := binary.LittleEndian.Uint32(chunk[1:])
		return image.Config{Width: int(packed&bits14) + 1, Height: int(packed>>14&bits14) + 1}, nil
	case "VP8 ":
		if !bytes.Equal(chunk[3:6], []byte{0x9d, 0x01, 0x2a}) {
			break
		}
		w, h := binary.LittleEndian.Uint16(chunk[6:]), binary.LittleEndian.Uint16(chunk[8:])
		return image.Config{Width: int(w & bits14), Height: int(h & bits14)}, nil
	}
	return image.Config{}, errors.New("no picture at the beginning")
}

// logo is a picture that was checked.
type logo struct {
	data        []byte
	contentType string
	size        image.Point
	tag         string // changes with the bytes
}

// newLogo returns nil for no bytes. What the caller believes the type to be is
// compared with what it is.
func newLogo(data []byte, believed string) (*logo, error) {
	if len(data) == 0 {
		return nil, nil //nolint:nilnil // no logo is no fault
	}
	contentType, size, err := measureLogo(data)
	if err != nil {
		return nil, err
	}
	if believed != "" && believed != contentType {
		return nil, fmt.Errorf("the logo is %s, not what its type says", contentType)
	}
	sum := sha256.Sum256(data)
	return &logo{data: bytes.Clone(data), contentType: contentType, size: size, tag: hex.EncodeToString(sum[:8])}, nil
}

// hasName reports whether the picture is wide enough to be taken for the
// brand's name in letters, which then is not written beside it.
func (l *logo) hasName() bool { return l.size.X >= 2*l.size.Y }

// Logo answers GET and HEAD with the logo, for one hour of the browser's cache;
// 404 while there is none, and 405 to every other method.
func (p *Pages) Logo() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		SecurityHeaders(w.Header())
		l := p.look.Load().logo
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			send(w, http.StatusMethodNotAllowed, "text/plain; charset=utf-8", []byte("method not allowed\n"))
		case l == nil:
			send(w, http.StatusNotFound, "text/plain; charset=utf-8", []byte("there is no logo\n"))
		default:
			h := w.Header()
			h.Set("Cache-Control", "public, max-age=3600")
			h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
			h.Set("Content-Type", l.contentType)
			h.Set("ETag", `"`+l.tag+`"`)
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(l.data))
		}
	})
}
