// OpenSSL's objects, freed when they go out of scope. For the sources of this folder alone.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace webtap::tls {

template <auto free_function>
struct Free {
  template <typename Object>
  void operator()(Object* object) const {
    free_function(object);
  }
};

using BioHandle = std::unique_ptr<BIO, Free<BIO_free>>;
using CertificateHandle = std::unique_ptr<X509, Free<X509_free>>;
using CrlHandle = std::unique_ptr<X509_CRL, Free<X509_CRL_free>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using StoreContextHandle = std::unique_ptr<X509_STORE_CTX, Free<X509_STORE_CTX_free>>;
using NamesHandle = std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>>;

// The text of the oldest error that OpenSSL has queued, without its codes; the queue is empty afterwards.
std::string take_openssl_error();

}  // namespace webtap::tls
