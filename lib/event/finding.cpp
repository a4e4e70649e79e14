#include "webtap/event/finding.h"

#include <algorithm>
#include <array>

namespace webtap::event {
namespace {

constexpr std::array kTexts{
    FindingText{FindingKind::HeadGap, Severity::Error, "head-gap", "Bytes of the head are missing"},
    FindingText{FindingKind::BodyGap, Severity::Error, "body-gap", "Bytes of the body are missing"},
    FindingText{FindingKind::BodyTruncated, Severity::Warning, "body-truncated",
                "The body is larger than is kept"},
    FindingText{FindingKind::HeadTruncated, Severity::Warning, "head-truncated",
                "The head is larger than is kept"},
    FindingText{FindingKind::Incomplete, Severity::Error, "incomplete",
                "The message ended before its framing said"},
    FindingText{FindingKind::MidStream, Severity::Notice, "mid-stream",
                "The connection was picked up in the middle"},
    FindingText{FindingKind::NoRequest, Severity::Error, "no-request", "A response without a request"},
    FindingText{FindingKind::NoResponse, Severity::Error, "no-response", "A request without a response"},
    FindingText{FindingKind::ConnectionEnded, Severity::Notice, "connection-ended",
                "The connection ended within the transaction"},
    FindingText{FindingKind::OverlapConflict, Severity::Error, "overlap-conflict",
                "Bytes came twice and differed, the first copy was kept"},
    FindingText{FindingKind::DataUnderLimit, Severity::Error, "sensor-limit",
                "The sensor let go of the transaction to stay within its limits"},
    FindingText{
        FindingKind::EventsDropped, Severity::Warning, "events-dropped",
        "Before this transaction the sensor let go of others, which came faster than they could be written"},
    FindingText{FindingKind::PairingUncertain, Severity::Warning, "pairing-uncertain",
                "Bytes were lost, and which response answers which request is not sure"},
    FindingText{FindingKind::ContentUndecodable, Severity::Warning, "content-undecodable",
                "The body's content coding could not be undone"},
    FindingText{FindingKind::ContentLimit, Severity::Warning, "content-limit",
                "Undoing the body's content coding was stopped by a limit"},
    FindingText{FindingKind::ContentUnknownCoding, Severity::Notice, "content-unknown-coding",
                "The body is in a content coding that is not known here"},
    FindingText{FindingKind::ContentMislabelled, Severity::Warning, "content-mislabelled",
                "The body is not in the content coding that its label says"},
    FindingText{FindingKind::ContentTrailingData, Severity::Notice, "content-trailing-data",
                "Bytes follow the end of the coded body"},
    FindingText{FindingKind::BareLineFeed, Severity::Notice, "bare-line-feed", "A line ends with a bare LF"},
    FindingText{FindingKind::ObsoleteFold, Severity::Warning, "obsolete-fold",
                "A field value goes on in the next line"},
    FindingText{FindingKind::SpaceBeforeColon, Severity::Warning, "space-before-colon",
                "White space stands between a field name and its colon"},
    FindingText{FindingKind::ControlByte, Severity::Warning, "control-byte",
                "A control byte stands in the head"},
    FindingText{FindingKind::MissingVersion, Severity::Notice, "missing-version",
                "The start line has no version, or is missing"},
    FindingText{FindingKind::UnknownVersion, Severity::Warning, "unknown-version",
                "The version is not known"},
    FindingText{FindingKind::InvalidRequestLine, Severity::Warning, "invalid-request-line",
                "The request line is malformed"},
    FindingText{FindingKind::InvalidStatusLine, Severity::Warning, "invalid-status-line",
                "The status line is malformed"},
    FindingText{FindingKind::LeadingGarbage, Severity::Warning, "leading-garbage",
                "Bytes that belong to no message stand before the start line"},
    FindingText{FindingKind::EmptyLinesBefore, Severity::Notice, "empty-lines-before",
                "Empty lines stand before the start line"},
    FindingText{FindingKind::FieldWithoutColon, Severity::Warning, "field-without-colon",
                "A field line has no colon"},
    FindingText{FindingKind::EmptyFieldName, Severity::Warning, "empty-field-name",
                "A field line has no name"},
    FindingText{FindingKind::InvalidFieldName, Severity::Warning, "invalid-field-name",
                "A field name is no token"},
    FindingText{FindingKind::BareCarriageReturn, Severity::Warning, "bare-carriage-return",
                "A CR stands in the head without LF behind it"},
    FindingText{FindingKind::TargetWithSpace, Severity::Warning, "target-with-space",
                "The request target holds white space"},
    FindingText{FindingKind::DuplicateContentLength, Severity::Warning, "duplicate-content-length",
                "Several Content-Length with the same value"},
    FindingText{FindingKind::ConflictingContentLength, Severity::Error, "conflicting-content-length",
                "Several Content-Length with different values"},
    FindingText{FindingKind::InvalidContentLength, Severity::Error, "invalid-content-length",
                "Content-Length is no number"},
    FindingText{FindingKind::LengthAndTransferEncoding, Severity::Error, "length-and-transfer-encoding",
                "Both Content-Length and Transfer-Encoding are present"},
    FindingText{FindingKind::UnknownTransferCoding, Severity::Error, "unknown-transfer-coding",
                "A transfer coding that is not known"},
    FindingText{FindingKind::ChunkedNotFinal, Severity::Error, "chunked-not-final",
                "The chunked transfer coding is not the last one"},
    FindingText{FindingKind::DuplicateTransferEncoding, Severity::Warning, "duplicate-transfer-encoding",
                "Several Transfer-Encoding"},
    FindingText{FindingKind::InvalidChunkSize, Severity::Error, "invalid-chunk-size",
                "A chunk size is malformed"},
    FindingText{FindingKind::InvalidChunkEnd, Severity::Warning, "invalid-chunk-end",
                "No line end stands behind a chunk's data"},
    FindingText{FindingKind::TrailerSection, Severity::Notice, "trailer-section",
                "Fields follow the chunked body"},
    FindingText{FindingKind::BodyOnBodilessStatus, Severity::Warning, "body-on-bodiless-status",
                "Data follows a response that has no body"},
    FindingText{FindingKind::MissingHost, Severity::Warning, "missing-host",
                "An HTTP/1.1 request has no Host"},
    FindingText{FindingKind::DuplicateHost, Severity::Error, "duplicate-host", "Several Host fields"},
    FindingText{FindingKind::InvalidHost, Severity::Warning, "invalid-host", "The Host field is malformed"},
    FindingText{FindingKind::HostDiffersFromTarget, Severity::Warning, "host-differs-from-target",
                "Host and the request target name different hosts"},
    FindingText{FindingKind::InterimResponse, Severity::Info, "interim-response", "An interim response"},
    FindingText{FindingKind::SwitchedProtocols, Severity::Info, "switched-protocols",
                "The connection switched to another protocol"},
    FindingText{FindingKind::TunnelOpened, Severity::Info, "tunnel-opened", "The connection became a tunnel"},
    FindingText{FindingKind::ResponseBeforeRequestEnd, Severity::Notice, "response-before-request-end",
                "The response began before the request ended"},
    FindingText{FindingKind::ExpectWithoutBody, Severity::Warning, "expect-without-body",
                "Expect: 100-continue on a request without a body"},
    FindingText{FindingKind::TransferEncodingInHttp10, Severity::Warning, "transfer-encoding-in-http-1.0",
                "Transfer-Encoding in a message of HTTP/1.0"},
    FindingText{FindingKind::Masked, Severity::Info, "masked", "Values were masked"},
};

}  // namespace

const FindingText* finding_text(FindingKind kind) {
  const auto* found = std::ranges::find(kTexts, kind, &FindingText::kind);
  return found == kTexts.end() ? nullptr : found;
}

std::optional<FindingKind> finding_kind(std::string_view name) {
  const auto* found = std::ranges::find(kTexts, name, &FindingText::name);
  if (found == kTexts.end()) return std::nullopt;
  return found->kind;
}

}  // namespace webtap::event
