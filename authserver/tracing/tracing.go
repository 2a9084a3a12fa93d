package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Bounds of the export. They hold whatever the environment says.
const (
	queuedSpans     = 2048             // more are dropped
	batchTimeout    = 2 * time.Second  // until spans are sent
	sendTimeout     = 5 * time.Second  // of one try
	exportTimeout   = 10 * time.Second // of one batch, tries and pauses together
	shutdownTimeout = 3 * time.Second
)

// Config of a Tracing. The collector, its headers and certificates, the sampler
// and the name of the service come from OpenTelemetry's own variables in the
// environment of the process (OTEL_EXPORTER_OTLP_ENDPOINT and others).
type Config struct {
	ServiceVersion string
	Log            *slog.Logger     // hears that spans cannot be exported; nil logs nothing
	Now            func() time.Time // of the pauses between log lines; nil means time.Now
}

// Tracing makes spans and exports them over OTLP/HTTP. The methods of a nil
// *Tracing do nothing, and wrap nothing.
type Tracing struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// New returns a Tracing that exports until Shutdown. It opens no connection, and
// does not fail for want of a collector. It takes what OpenTelemetry's library
// has to say, for the whole process, to cfg.Log.
func New(ctx context.Context, cfg Config) (*Tracing, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	complaints := newComplaints(cfg.Log, cfg.Now)
	otel.SetErrorHandler(otel.ErrorHandlerFunc(complaints.hear))
	otel.SetLogger(logr.New(said{complaints}))
	to, err := readReceiver(complaints.other)
	if err != nil {
		return nil, fmt.Errorf("export traces: %w", err)
	}
	exporter, err := otlptrace.New(ctx, newSender(to, cfg.ServiceVersion))
	if err != nil {
		return nil, fmt.Errorf("export traces: %w", err)
	}
	// What comes later counts: OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES.
	about, err := resource.New(ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", "easyauth"), attribute.String("service.version", cfg.ServiceVersion)),
		resource.WithFromEnv())
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, fmt.Errorf("describe the process for traces: %w", err)
	}
	provider := sdk.NewTracerProvider(sdk.WithResource(about), sdk.WithBatcher(&reporting{exporter, complaints},
		sdk.WithMaxQueueSize(queuedSpans), sdk.WithBatchTimeout(batchTimeout), sdk.WithExportTimeout(exportTimeout)))
	return &Tracing{provider: provider, tracer: provider.Tracer("easyauth", trace.WithInstrumentationVersion(cfg.ServiceVersion))}, nil
}

// Shutdown sends what is left and ends the export. It takes no longer than three
// seconds; what could not be sent by then is lost.
func (t *Tracing) Shutdown(ctx context.Context) error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("end the export of traces: %w", err)
	}
	return nil
}
