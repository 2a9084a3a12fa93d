package graph

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// maxImage bounds an image, in bytes.
const maxImage = 256 << 10

// Image fetches the image at link, a Registration's LogoURL: https, or http on
// loopback if Graph's own URL is on loopback. It sends no token and no cookie and
// follows no redirect. The type is that of the bytes, whatever the answer claims:
// image/png, image/jpeg, image/gif or image/webp; the rest of the bytes is not
// checked. More than 256 KB or another type is an *Error, as everything that goes
// wrong on the way; any other error means that the link is wrong and that nothing
// was asked. It takes no longer than the configured timeout.
func (c *Client) Image(ctx context.Context, link string) (data []byte, contentType string, err error) {
	const doing = "fetch an image"
	if !usableURL(link, c.local()) {
		return nil, "", errors.New(doing + ": its url must be https")
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", doing, errors.New("its url cannot be used"))
	}
	req.Header.Set("Accept", "image/png, image/jpeg, image/gif, image/webp")
	asking := c.counted.logo.Begin()
	data, contentType, h, err := c.fetchImage(req)
	asking.End(resultOf(h.status, err))
	if err != nil {
		return nil, "", c.problem(doing, h, err, secret.String{})
	}
	return data, contentType, nil
}

func (c *Client) fetchImage(req *http.Request) (data []byte, contentType string, h heard, err error) {
	resp, err := c.plain.Do(req)
	if err != nil {
		return nil, "", h, err
	}
	defer func() { _ = resp.Body.Close() }() // only read from
	h = heard{status: resp.StatusCode, retryAfter: resp.Header.Get("Retry-After")}
	if resp.StatusCode != http.StatusOK {
		return nil, "", h, answered(resp.StatusCode, "", secret.String{})
	}
	if data, err = io.ReadAll(&boundedBody{resp.Body, maxImage}); err != nil {
		return nil, "", h, err
	}
	switch contentType = http.DetectContentType(data); contentType {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return data, contentType, h, nil
	}
	return nil, "", h, errUnreadable
}
