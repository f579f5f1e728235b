using System.Formats.Asn1;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using TransportGateway.Simulators.Wire;

namespace TransportGateway.Simulators.Trust;

/// <summary>Decides whether an answer is to be believed, by the steps of <see cref="VerificationStep"/> in their order.</summary>
internal sealed class ReplyVerifier(TrustAnchors anchors, TimeProvider wireClock, bool checkTrust = true)
{
    private static readonly Version Newest = new(1, 3);

    /// <summary>A gateway may date certificates back by this much, so that a product whose clock is late can use them at once.</summary>
    private static readonly TimeSpan BackDating = TimeSpan.FromHours(1);

    public ProductResult Judge(HttpAnswer answer, DeviceTransport transport, ReplyExpectation expected, Sudi sudi, HeldCertificates? held)
    {
        try
        {
            var reply = ReplyReader.Read(ReplyReader.LicensingText(answer, transport));
            CheckHeader(reply, expected);
            CheckStatus(reply);
            var verified = checkTrust && CheckTrust(reply, expected, sudi, held);
            CheckContent(reply, expected);
            return (reply.Status, reply.Data) switch
            {
                (ReplyWords.Ok, _) => new ProductResult.Accepted(reply),
                (_, ReplyData.Polling polling) => new ProductResult.MustPoll(polling.PollId, polling.Interval, reply),
                _ => new ProductResult.Refused(reply.Status, reply.MessageCode, reply.Message ?? "", verified, reply),
            };
        }
        catch (UnverifiableReplyException error)
        {
            return new ProductResult.Unverifiable(error.Step, error.Message, answer);
        }
        catch (Exception error) when (error is CryptographicException or AsnContentException)
        {
            return new ProductResult.Unverifiable(VerificationStep.NodeCertificate, $"a certificate is malformed: {error.Message}", answer);
        }
    }

    private static void CheckHeader(LicenseReply reply, ReplyExpectation expected)
    {
        var header = reply.Header;
        CheckVersion(header.Version, expected.Version, reply.Status);
        Require(
            header.Nonce == expected.Nonce && reply.Nonce == expected.Nonce,
            VerificationStep.Nonce,
            $"sent {expected.Nonce}, got {header.Nonce} in the header and {reply.Nonce} beside it");
        Require(
            header.RequestType == expected.RequestType,
            VerificationStep.Identifier,
            $"asked for {expected.RequestType}, got an answer to {header.RequestType}");
        var identifier = expected.RequestType != RequestType.Registration ? expected.ProductInstanceIdentifier
            : reply.Data is ReplyData.Registration registration ? registration.ProductInstanceIdentifier
            : null;
        Require(
            header.ProductInstanceIdentifier == identifier,
            VerificationStep.Identifier,
            $"expected {identifier ?? "none"} in the header, got {header.ProductInstanceIdentifier ?? "none"}");
        Require(header.Vendor == "Cisco", VerificationStep.Vendor, $"expected Cisco, got {header.Vendor}");
    }

    /// <summary>The lower of the newest version and ours, compared as numbers; a refusal of our version names the gateway's own.</summary>
    private static void CheckVersion(string answered, string sent, string status)
    {
        var known = Version.TryParse(answered, out var version);
        Require(known, VerificationStep.Version, $"{answered} is not a version");
        if (status == ReplyWords.VersionTooHigh || !Version.TryParse(sent, out var ours))
        {
            return;
        }

        var lower = ours < Newest ? ours : Newest;
        Require(version == lower, VerificationStep.Version, $"sent {sent}, so the answer should be in {lower}; it is in {answered}");
    }

    private static void CheckStatus(LicenseReply reply)
    {
        Require(
            reply.Status is ReplyWords.Ok or ReplyWords.OkPoll or ReplyWords.OkTryAgain or ReplyWords.Failed or ReplyWords.VersionTooHigh,
            VerificationStep.Status,
            reply.Message is null ? reply.Status : $"{reply.Status}: {reply.Message}");
    }

    /// <summary>False where there is nothing to verify with: a refusal to a product that has never been registered.</summary>
    private bool CheckTrust(LicenseReply reply, ReplyExpectation expected, Sudi sudi, HeldCertificates? held)
    {
        var now = wireClock.GetUtcNow();
        if (reply.Data is ReplyData.Registration delivered)
        {
            var subCa = CheckDeliveredChain(delivered, now);
            CheckSignature(reply, ChooseSigningCertificate(reply, delivered, held, subCa, now));
            CheckNodeCertificate(delivered, reply.Header, expected, sudi, subCa, now);
            return true;
        }

        if (held is null)
        {
            return reply.Status == ReplyWords.Ok
                ? throw new UnverifiableReplyException(VerificationStep.Chain, "an OK came, and this product holds no certificate to verify it with")
                : false;
        }

        var heldSigner = anchors.ReadShared(held.SigningCertificate);
        if (expected.RequestType == RequestType.Registration && reply.Header.SigningCertSerialNumber != CertificateFields.DecimalSerial(heldSigner))
        {
            return false;
        }

        var heldSubCa = anchors.ReadShared(held.SubCaCertificate);
        CheckSubCa(heldSubCa, now);
        CheckSigner(heldSigner, heldSubCa, reply.Header.SigningCertSerialNumber, now);
        CheckSignature(reply, heldSigner);
        return true;
    }

    private X509Certificate2 CheckDeliveredChain(ReplyData.Registration delivered, DateTimeOffset now)
    {
        var subCa = ReadShared(delivered.SubCaCertificate, VerificationStep.Chain, "sub_ca_cert");
        var chain = delivered.CertificateChain.Select(pem => ReadShared(pem, VerificationStep.Chain, "cert_chain")).ToArray();
        Require(
            chain.Length == 2 && SameBytes(chain[0], subCa) && anchors.Roots.Any(root => SameBytes(root, chain[1])),
            VerificationStep.Chain,
            "cert_chain is not the sub CA followed by a root this product trusts");
        CheckSubCa(subCa, now);
        return subCa;
    }

    private void CheckSubCa(X509Certificate2 subCa, DateTimeOffset now)
    {
        Require(CertificateFields.IsAuthority(subCa), VerificationStep.Chain, $"{subCa.Subject} is not a certificate authority");
        var reason = anchors.WhySharedNotTrusted(subCa, intermediate: null, now);
        Require(reason is null, VerificationStep.Chain, $"the sub CA {subCa.Subject} does not lead to a root this product trusts: {reason}");
    }

    /// <summary>A renewal may still be signed with the certificate the request named; a registration only with the one it delivers.</summary>
    private X509Certificate2 ChooseSigningCertificate(
        LicenseReply reply, ReplyData.Registration delivered, HeldCertificates? held, X509Certificate2 subCa, DateTimeOffset now)
    {
        var named = reply.Header.SigningCertSerialNumber;
        var signer = ReadShared(delivered.SigningCertificate, VerificationStep.SigningCertificate, "signing_cert");
        CheckSigner(signer, subCa, delivered.SigningCertSerialNumber, now);
        if (held is not null && reply.Header.RequestType == RequestType.IdCertRenew && named != delivered.SigningCertSerialNumber)
        {
            signer = anchors.ReadShared(held.SigningCertificate);
            var heldSubCa = anchors.ReadShared(held.SubCaCertificate);
            CheckSubCa(heldSubCa, now);
            subCa = heldSubCa;
        }

        CheckSigner(signer, subCa, named, now);
        return signer;
    }

    private void CheckSigner(X509Certificate2 signer, X509Certificate2 subCa, string? named, DateTimeOffset now)
    {
        var serial = CertificateFields.DecimalSerial(signer);
        Require(
            serial == named,
            VerificationStep.SigningCertificate,
            $"the answer is signed with certificate {named ?? "(not named)"} and this product knows {serial}; "
                + "renew the ID certificate to get the new one");
        Require(
            CertificateFields.MaySign(signer) && !CertificateFields.IsAuthority(signer),
            VerificationStep.SigningCertificate,
            $"{signer.Subject} is not a certificate for signatures");
        var reason = anchors.WhySharedNotTrusted(signer, subCa, now);
        Require(reason is null, VerificationStep.SigningCertificate, $"{signer.Subject} is not trusted: {reason}");
    }

    private static void CheckSignature(LicenseReply reply, X509Certificate2 signer)
    {
        Require(reply.SignatureType == "SHA-256", VerificationStep.Signature, $"the signature is of type {reply.SignatureType}, not SHA-256");
        using var key = signer.GetRSAPublicKey();
        var signature = new byte[reply.SignatureValue.Length];
        Require(
            key is not null
                && Convert.TryFromBase64String(reply.SignatureValue, signature, out var length)
                && key.VerifyData(
                    Encoding.UTF8.GetBytes(reply.ResponseText), signature.AsSpan(0, length), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
            VerificationStep.Signature,
            $"the signature was not made by {signer.Subject} over this answer");
    }

    private void CheckNodeCertificate(
        ReplyData.Registration delivered, ReplyHeader header, ReplyExpectation expected, Sudi sudi, X509Certificate2 subCa, DateTimeOffset now)
    {
        const VerificationStep step = VerificationStep.NodeCertificate;
        using var certificate = CertificateFields.TryRead(delivered.IdCertificate)
            ?? throw new UnverifiableReplyException(step, "id_cert is not a certificate in PEM");
        Require(
            expected.CertifiedKey is not null && certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(expected.CertifiedKey),
            step,
            "it is for another key than the one in the signing request");
        var serial = CertificateFields.DecimalSerial(certificate);
        Require(
            serial == delivered.IdCertSerialNumber && long.TryParse(serial, NumberStyles.None, CultureInfo.InvariantCulture, out _),
            step,
            $"its serial number is {serial}, the answer says {delivered.IdCertSerialNumber}");
        var named = CertificateFields.Part(certificate.SubjectName, CertificateFields.SerialNumber);
        Require(
            named == delivered.ProductInstanceIdentifier,
            step,
            $"it names product instance {named ?? "(none)"}, the answer {delivered.ProductInstanceIdentifier}");
        var commonName = CertificateFields.Part(certificate.SubjectName, CertificateFields.CommonName);
        Require(
            commonName == sudi.UdiPid[..Math.Min(64, sudi.UdiPid.Length)], step, $"its common name is {commonName}, the product is {sudi.UdiPid}");
        Require(
            CertificateFields.UdiList(certificate).Contains(sudi.DirectoryText),
            step,
            $"its alternative names do not hold {sudi.DirectoryText}");
        Require(
            certificate.NotAfter.ToUniversalTime() == WholeSeconds(delivered.ExpiresAt), step, "it does not end when the answer says it expires");
        Require(
            certificate.NotBefore.ToUniversalTime() <= header.Time.UtcDateTime
                && certificate.NotBefore.ToUniversalTime() >= WholeSeconds(header.Time - BackDating),
            step,
            $"it begins at {certificate.NotBefore.ToUniversalTime():u} and the answer was made at {header.Time:u}");
        var reason = anchors.WhyNotTrusted(certificate, subCa, now);
        Require(reason is null, step, $"it is not trusted: {reason}");
    }

    private static void CheckContent(LicenseReply reply, ReplyExpectation expected)
    {
        const VerificationStep step = VerificationStep.Content;
        switch (reply.Data)
        {
            case ReplyData.Authorization authorization:
                Require(
                    authorization.EntitlementVersion == expected.EntitlementVersion,
                    step,
                    $"entitlement version {expected.EntitlementVersion} was sent and {authorization.EntitlementVersion} came back");
                Require(
                    authorization.OverallStatus is ReplyWords.Authorized or ReplyWords.OutOfCompliance or ReplyWords.NoLicenses,
                    step,
                    $"{authorization.OverallStatus} is no overall status");
                Require(
                    authorization.Entitlements.All(entitlement => entitlement.Status
                        is ReplyWords.InComplianceText or ReplyWords.OutOfComplianceText or ReplyWords.OverageText or ReplyWords.InvalidTagText),
                    step,
                    "an entitlement has a status this product does not know");
                Require(
                    authorization.NextCommunication > reply.Header.Time && authorization.CommunicationDeadline >= authorization.NextCommunication,
                    step,
                    "the next communication is not between now and the deadline");
                break;
            case ReplyData.Registration registration:
                Require(
                    registration.RenewAt > reply.Header.Time && registration.RenewAt < registration.ExpiresAt,
                    step,
                    "the renewal is not between now and the end of the registration");
                break;
            case ReplyData.Polling polling:
                Require(polling.Interval > TimeSpan.Zero, step, "the poll interval is not positive");
                break;
        }
    }

    private X509Certificate2 ReadShared(string pem, VerificationStep step, string field)
    {
        try
        {
            return anchors.ReadShared(pem);
        }
        catch (CryptographicException)
        {
            throw new UnverifiableReplyException(step, $"{field} is not a certificate in PEM");
        }
    }

    private static bool SameBytes(X509Certificate2 one, X509Certificate2 other) =>
        one.RawDataMemory.Span.SequenceEqual(other.RawDataMemory.Span);

    private static DateTime WholeSeconds(DateTimeOffset instant) => DateTimeOffset.FromUnixTimeSeconds(instant.ToUnixTimeSeconds()).UtcDateTime;

    private static void Require(bool condition, VerificationStep step, string reason)
    {
        if (!condition)
        {
            throw new UnverifiableReplyException(step, reason);
        }
    }
}
