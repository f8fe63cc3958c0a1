package functionurl

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"edgestream/infra/local/lambda"
)

// patience is how long a function may take to begin before an operator is told. A stream holds
// an instance while it lasts, so the likely reason is that none is free.
const patience = 5 * time.Second

// stream answers as the function writes, and ends when it returns.
func (h *Handler) stream(w http.ResponseWriter, r *http.Request, event []byte) {
	waiting := time.AfterFunc(patience, func() {
		h.opt.Logger.Warn("function URL still waits for its function: all instances may be in use", "function", h.url.Function)
	})
	result, err := h.opt.Lambda.InvokeStream(r.Context(), h.url.Function, event)
	waiting.Stop()
	if err != nil {
		h.failed(w, r, err)
		return
	}
	defer result.Body.Close()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(h.opt.Life, cancel)()
	// Closing is how a reader leaves: the function writes on, to nobody.
	defer context.AfterFunc(ctx, func() { result.Body.Close() })()
	w.Header().Set(requestID, result.RequestID)
	setHeaders(w.Header(), result.Headers, result.Cookies, "application/octet-stream")
	w.WriteHeader(result.StatusCode)
	h.copy(ctx, w, result)
}

// copy sends each piece at once. A failure in the middle, or the context's end, cuts the connection.
func (h *Handler) copy(ctx context.Context, w http.ResponseWriter, result *lambda.StreamingResult) {
	control := http.NewResponseController(w)
	piece := make([]byte, 32<<10)
	for {
		if control.Flush() != nil {
			return // the client has gone
		}
		n, err := result.Body.Read(piece)
		if _, gone := w.Write(piece[:n]); gone != nil || errors.Is(err, io.EOF) {
			return
		}
		if err != nil && ctx.Err() != nil {
			panic(http.ErrAbortHandler) // the client has gone, or everything ends: then it must not take this for the end
		}
		if err != nil {
			h.opt.Logger.Warn("function URL cuts its response", "function", h.url.Function, "error", err)
			_ = control.Flush()
			panic(http.ErrAbortHandler)
		}
	}
}
