// Tracing with OpenTelemetry: node --import ./deploy/tracing.mjs … (docs/operations.md, "Tracing"). Spans go to
// OTEL_EXPORTER_OTLP_ENDPOINT. Of what clients sent they hold the ids of traceparent and tracestate only: neither paths,
// queries, other headers and bodies, nor arguments of Redis' commands, nor messages of errors.
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { SpanKind, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { IORedisInstrumentation } from '@opentelemetry/instrumentation-ioredis';
import { KoaInstrumentation, KoaLayerType } from '@opentelemetry/instrumentation-koa';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

/** The attributes that a span keeps. For a request, `server.address` would be its header Host. */
const kept = new Set([
  'db.operation.name',
  'db.query.text',
  'db.system.name',
  'error.type',
  'http.request.method',
  'http.response.status_code',
  'http.route',
  'koa.name',
  'koa.type',
  'network.peer.address',
  'network.peer.port',
  'network.protocol.version',
  'server.address',
  'server.port',
  'url.scheme',
]);

class DiscreetSpanProcessor extends BatchSpanProcessor {
  onEnd(span) {
    const isRequest = span.kind === SpanKind.SERVER;
    for (const name of Object.keys(span.attributes)) {
      if (!kept.has(name) || (isRequest && name.startsWith('server.'))) delete span.attributes[name];
    }
    span.events.length = 0;
    delete span.status.message;
    super.onEnd(span);
  }
}

// The threads that hash passwords load this too, and have nothing to trace.
if (isMainThread) {
  process.env.FAST_PATHS = 'off';
  register('@opentelemetry/instrumentation/hook.mjs', import.meta.url, {
    data: { include: ['http', 'node:http', 'koa', 'ioredis'] },
  });
  new NodeTracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({ 'service.name': process.env.OTEL_SERVICE_NAME ?? 'hexado' }),
    ),
    spanProcessors: [new DiscreetSpanProcessor(new OTLPTraceExporter())],
  }).register();
  registerInstrumentations({
    instrumentations: [
      new HttpInstrumentation({ ignoreIncomingRequestHook: ({ url }) => /^\/(?:livez|readyz)\b/.test(url) }),
      new KoaInstrumentation({ ignoreLayersType: [KoaLayerType.MIDDLEWARE] }),
      new IORedisInstrumentation({ dbStatementSerializer: (command) => command }),
    ],
  });
  // Hexado's log asks for these fields for each of its lines.
  globalThis[Symbol.for('hexado.log-fields')] = () => ({
    trace_id: trace.getActiveSpan()?.spanContext().traceId,
  });
}
