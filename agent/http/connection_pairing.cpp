// Which response answers which request: the first that has none (RFC 9112, section 9.3.2), until bytes are
// lost.
//
// Most clients send a request when they have the answer to the one before. Then, what a request acknowledges
// of the responses says where its own begins: a response that was lost takes no other request's place, and
// after each loss the next request sets things right. A client that pipelines does not say how many of its
// requests were answered in what was lost, nor how many it lost itself: from then on, all pairs are guesses,
// and say so.
#include <utility>

#include "agent/http/connection_parser.h"

namespace webtap::http {

using event::FindingKind;
using event::Side;

Exchange* ConnectionParser::first_unanswered() const {
  Exchange* exchange = queue_.front();
  while (exchange && exchange->response_started) exchange = exchange->next;
  return exchange;
}

// Messages may have been lost.
void ConnectionParser::doubt_pairing() {
  if (memory_.pipelines) memory_.pairing = Pairing::Unsure;
  if (memory_.pairing == Pairing::Sure) memory_.pairing = Pairing::AfterLoss;
}

void ConnectionParser::lost_requests() {
  Half& c = client();
  c.requests_lost = true;
  c.passed_at_loss = c.passed;
  doubt_pairing();
}

// The oldest exchange without a response was answered in the gap, in part or in whole, and maybe more of
// them; but none that was begun by who had received what is behind the gap.
void ConnectionParser::lost_responses(std::uint64_t length) {
  Exchange* oldest = first_unanswered();
  response_gap_ = true;
  doubt_pairing();
  for (Exchange* each = oldest; each; each = each->next) {
    if (each->acknowledged < server().offset) each->lost_response_likely = true;
    each->unsure = memory_.pairing == Pairing::Unsure;
  }
  if (length == 0) return;
  if (!oldest || !oldest->lost_response_likely) {
    server().lost += length;
    return;
  }
  findings(*oldest, Side::Response).add(FindingKind::HeadGap, 0, length);
  oldest->response_started = oldest->response_done = true;
  emit_finished();
}

// A request begins: what its client has received until now tells whether it waited for its answers.
void ConnectionParser::note_order() {
  Half& c = client();
  const bool answer_lost = c.acknowledged > c.passed;  // received, and not seen: the loss is said later
  if (first_unanswered() && !answer_lost) memory_.pipelines = true;
  const bool lost = std::exchange(c.requests_lost, false);
  const bool answered = answer_lost || c.passed > c.passed_at_loss;
  if (lost && !answered) memory_.pairing = Pairing::Unsure;
  if (memory_.pairing != Pairing::Sure) doubt_pairing();
}

// The exchange that the response to come belongs to. Where responses were lost, requests that came after the
// loss show that those before it were answered in it, and so does a client that waits for each answer.
Exchange& ConnectionParser::exchange_for_response() {
  Exchange* exchange = first_unanswered();
  if (std::exchange(response_gap_, false)) {
    Exchange* later = exchange;
    while (later && (later->response_started || later->lost_response_likely)) later = later->next;
    if (later || !memory_.pipelines) {
      for (Exchange* each = exchange; each != later; each = each->next)
        each->response_started = each->response_done = true;
      exchange = later;
    }
    for (Exchange* each = queue_.front(); each; each = each->next) each->lost_response_likely = false;
  }
  if (exchange) return *exchange;
  give_up_requests();
  Exchange& alone = new_exchange(server());
  alone.unsure = memory_.pairing == Pairing::Unsure;
  Half& c = client();
  if (c.lost != 0) findings(alone, Side::Request).add(FindingKind::HeadGap, 0, std::exchange(c.lost, 0));
  // What it answers may still come again, or is said to be lost before anything else comes.
  const bool waits = server().heard && server().acknowledged > server().passed && !c.ended;
  alone.request_done = !waits;
  return alone;
}

// The oldest response that came before its request.
Exchange* ConnectionParser::overtaken() const {
  for (Exchange* each = queue_.front(); each; each = each->next)
    if (!each->transaction.request.present && !each->request_done) return each;
  return nullptr;
}

// Requests whose responses came before them do not come any more.
void ConnectionParser::give_up_requests() {
  while (Exchange* each = overtaken()) each->request_done = true;
  emit_finished();
}

}  // namespace webtap::http
