package fibersessions

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/gofiber/fiber/v3"
	"github.com/valyala/fasthttp"
)

// New returns a middleware for fiber that runs the handlers after it within handler, which
// is the method Handler of a sessions.Manager, or a chain of such. They find their
// session by sessions.FromContext, in fiber.Ctx.Context.
//
// An error that a fiber handler returns is answered by the ErrorHandler of the fiber
// application, and the session is saved with that answer. If the session cannot be saved,
// Options.ErrorHandler answers instead.
func New(handler func(http.Handler) http.Handler) fiber.Handler {
	return func(c fiber.Ctx) error {
		before := c.Context()
		defer c.SetContext(before)
		return serve(handler, c.RequestCtx(), before, func(ctx context.Context) {
			c.SetContext(ctx)
			if err := c.Next(); err != nil {
				if err = c.App().ErrorHandler(c, err); err != nil {
					c.RequestCtx().Error(err.Error(), http.StatusInternalServerError)
				}
			}
		})
	}
}

// FastHTTP returns a handler of fasthttp that runs next within handler, which is the
// method Handler of a sessions.Manager. Next finds its session by sessions.FromContext, in
// the context that it is given.
func FastHTTP(handler func(http.Handler) http.Handler, next func(ctx context.Context, request *fasthttp.RequestCtx)) fasthttp.RequestHandler {
	return func(request *fasthttp.RequestCtx) {
		err := serve(handler, request, request, func(ctx context.Context) { next(ctx, request) })
		if err != nil {
			request.Error(http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		}
	}
}

// serve runs next within the handler, and makes the handler's answer the response.
func serve(handler func(http.Handler) http.Handler, request *fasthttp.RequestCtx, ctx context.Context, next func(context.Context)) error {
	r, err := convert(request, ctx)
	if err != nil {
		return fiber.NewError(http.StatusBadRequest, err.Error())
	}
	w := &recorder{header: http.Header{}}
	handler(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		next(r.Context())
		w.pass(&request.Response, out)
	})).ServeHTTP(w, r)
	w.apply(request)
	return nil
}

// convert returns the request as net/http has it. Its strings are copies, since fasthttp
// uses its memory again and the manager may hold the request's context for longer.
func convert(request *fasthttp.RequestCtx, ctx context.Context) (*http.Request, error) {
	from := &request.Request
	uri, err := url.ParseRequestURI(string(from.RequestURI()))
	if err != nil {
		return nil, err
	}
	r := (&http.Request{
		Method:        string(from.Header.Method()),
		URL:           uri,
		RequestURI:    string(from.RequestURI()),
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{},
		Host:          string(from.Host()),
		RemoteAddr:    request.RemoteAddr().String(),
		TLS:           request.TLSConnectionState(),
		Body:          http.NoBody, // fiber's handlers read the body themselves
		ContentLength: int64(max(0, from.Header.ContentLength())),
	}).WithContext(ctx)
	for key, value := range from.Header.All() {
		r.Header.Add(string(key), string(value))
	}
	return r, nil
}

// kept marks a response that fiber has made, and whose body stays where it is. Error answers
// lose headers of this prefix, since they have another body.
const kept = "Content-Of-Fiber"

// A recorder gets what the manager adds to the response, or the manager's own answer.
type recorder struct {
	header http.Header
	made   http.Header // of fiber's response
	status int
	sent   http.Header
	body   bytes.Buffer
}

// pass gives the header that fiber has made to the manager's writer, which saves the session
// before the first byte. The body, which may be a stream, stays where it is.
func (w *recorder) pass(made *fasthttp.Response, out http.ResponseWriter) {
	w.made = http.Header{}
	for key, value := range made.Header.All() {
		switch name := string(key); name {
		case fasthttp.HeaderContentLength, fasthttp.HeaderTransferEncoding, fasthttp.HeaderConnection:
		default:
			w.made.Add(name, string(value))
			out.Header().Add(name, string(value))
		}
	}
	out.Header().Set(kept, "1")
	out.WriteHeader(made.StatusCode())
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		w.status, w.sent = status, w.header.Clone()
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// apply changes fiber's response as the manager has, or puts the manager's answer in its
// place.
func (w *recorder) apply(request *fasthttp.RequestCtx) {
	w.WriteHeader(http.StatusOK)
	to := &request.Response
	if w.sent.Get(kept) == "" {
		to.Reset()
		request.Hijack(nil) // an upgrade would go on after the answer
		to.SetStatusCode(w.status)
		to.SetBodyRaw(w.body.Bytes())
		w.made = nil
	}
	w.sent.Del(kept)
	w.sent.Del(fasthttp.HeaderContentLength) // of the body that is there
	for key := range w.made {
		if _, stays := w.sent[key]; !stays {
			to.Header.Del(key)
		}
	}
	for key, values := range w.sent {
		if slices.Equal(values, w.made[key]) {
			continue
		}
		to.Header.Del(key)
		for _, value := range values {
			to.Header.Add(key, value)
		}
	}
}
